// SPDX-License-Identifier: Apache-2.0
// A simulated NB-IoT module in the manner of the vendor's demo library, and (style=esp8266) a lazy
// client. Both read answers as real firmware does: into a buffer of 511 bytes, searched for words,
// so that an answer that would break such a device breaks this one.
#include <algorithm>

#include "base/encoding.h"
#include "base/hash.h"
#include "dialect/onenet/authorization.h"
#include "dialect/onenet/onenet.h"

namespace otaru::dialect {
namespace {

constexpr size_t kAnswerBuffer = 511;
constexpr size_t kSliceHeadBuffer = 400;
constexpr size_t kSliceBytesMin = 512;
constexpr size_t kSliceBytesMax = 4096;
constexpr int64_t kAuthorizationEnds = 4102444800;  // 2100: such devices sign once

// The answer as it stood on the wire, cut where the device's buffer ends.
std::string onenet_buffer(const WireReply& reply, size_t room) {
  std::string wire = "HTTP/1.1 " + std::to_string(reply.status) + " \r\n";
  for (const auto& [name, value] : reply.headers) wire += name + ": " + value + "\r\n";
  wire += "\r\n" + reply.body;
  return wire.substr(0, room);
}

std::string text_after(const std::string& buffer, std::string_view mark, char end) {
  const size_t at = buffer.find(mark);
  if (at == std::string::npos) return {};
  const size_t from = at + mark.size();
  const size_t to = buffer.find(end, from);
  return to == std::string::npos ? std::string{} : buffer.substr(from, to - from);
}

int64_t number_after(const std::string& buffer, std::string_view mark) {
  const size_t at = buffer.find(mark);
  if (at == std::string::npos) return -1;
  size_t end = at + mark.size();
  while (end < buffer.size() && buffer[end] >= '0' && buffer[end] <= '9') ++end;
  return base::parse_int(buffer.substr(at + mark.size(), end - at - mark.size())).value_or(-1);
}

class OnenetDevice final : public SimDevice {
 public:
  explicit OnenetDevice(SimIdentity identity)
      : identity_(std::move(identity)),
        lazy_(identity_.word("style") == "esp8266"),
        version_(identity_.word("version")) {
    const std::string resource = "products/" + identity_.word("pid");
    const auto key = base::unbase64(identity_.word("access_key")).value_or(std::string{});
    authorization_ =
        onenet::write_authorization({lazy_ ? base::HashKind::md5 : base::HashKind::sha1, resource,
                                     kAuthorizationEnds, key, !lazy_});
  }

  bool step(const Transport& transport, base::Time, base::Random& random,
            std::vector<SimEvent>& events) override {
    events_ = &events;
    const auto reply = transport(request_of(random));
    if (!reply) {
      say("error", "no network: " + reply.error().message);
      return stage_ != Stage::check;
    }
    const bool busy = accept(*reply);
    events_ = nullptr;
    return busy;
  }

  std::string running_version() const override { return version_; }
  std::string running_image_sha256() const override { return image_sha256_; }

 private:
  enum class Stage {
    post_version,
    check,
    token_check,
    download,
    report_downloaded,
    report_failed,
    report_installed
  };

  void say(std::string_view step, std::string detail) {
    events_->push_back({std::string(step), std::move(detail)});
  }

  bool firmware() const { return identity_.word("type") != "2"; }

  std::string head(std::string_view method, const std::string& target) const {
    std::string out(method);
    out += " " + target + " HTTP/1.1\r\n";
    // Names and blanks as the two kinds of clients write them.
    out += lazy_ ? "authorization:" : "Authorization: ";
    out += authorization_ + "\r\n";
    out += (lazy_ ? "host:  " : "Host: ") + identity_.host + "\r\n";
    return out;
  }

  std::string post(const std::string& target, const std::string& body) const {
    return head("POST", target) +
           "Content-Type: application/json\r\nContent-Length:" + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  std::string get(const std::string& target) const { return head("GET", target) + "\r\n"; }

  std::string dev_id() const { return "dev_id=" + base::percent_encode(identity_.key); }

  std::string check_target() const {
    std::string out = "/ota/south/check?" + dev_id();
    if (!identity_.word("manuf").empty()) {
      out += "&manuf=" + base::percent_encode(identity_.word("manuf"));
    }
    if (!identity_.word("model").empty()) {
      out += "&model=" + base::percent_encode(identity_.word("model"));
    }
    return out + "&type=" + (firmware() ? "1" : "2") + "&version=" + version_ + "&cdn=false";
  }

  std::string download_request(base::Random& random) {
    if (image_.empty()) {
      slice_bytes_ = kSliceBytesMin + random.below(kSliceBytesMax - kSliceBytesMin + 1);
      with_unit_ = random.below(2) == 0;
    }
    // No Authorization: the token is enough.
    std::string out =
        "GET /ota/south/download/" + token_ + " HTTP/1.1\r\nHost: " + identity_.host + "\r\n";
    if (!lazy_) {
      const size_t last = std::min(image_.size() + slice_bytes_, static_cast<size_t>(size_)) - 1;
      out += std::string("Range: ") + (with_unit_ ? "bytes=" : "") + std::to_string(image_.size()) +
             "-" + std::to_string(last) + "\r\n";
    }
    return out + "\r\n";
  }

  std::string report_request(int code) const {
    return post("/ota/south/report?" + dev_id() + "&token=" + token_,
                "{\"result\":" + std::to_string(code) + "}");
  }

  std::string request_of(base::Random& random) {
    switch (stage_) {
      case Stage::post_version:
        return post("/ota/device/version?" + dev_id(),
                    (firmware() ? "{\"f_version\":\"" : "{\"s_version\":\"") + version_ + "\"}");
      case Stage::check:
        return get(check_target());
      case Stage::token_check:
        return get("/ota/south/download/" + token_ + "/check?" + dev_id());
      case Stage::download:
        return download_request(random);
      case Stage::report_downloaded:
        return report_request(101);
      case Stage::report_failed:
        return report_request(205);
      case Stage::report_installed:
        return report_request(201);
    }
    return {};
  }

  // True while an update is under way.
  bool accept(const WireReply& reply) {
    const std::string buffer = onenet_buffer(reply, kAnswerBuffer);
    const bool success = reply.status == 200 && buffer.find("succ") != std::string::npos;
    switch (stage_) {
      case Stage::post_version:
        if (!success) return give_up("version", buffer);
        say("report", "version " + version_);
        stage_ = Stage::check;
        return true;
      case Stage::check:
        return accept_check(buffer, success);
      case Stage::token_check:
        if (!success) return give_up("token check", buffer);
        stage_ = Stage::download;
        return true;
      case Stage::download:
        return lazy_ ? accept_whole(reply) : accept_slice(reply);
      case Stage::report_downloaded:
        // Some servers answer a repeated 101 with an error: the device goes on all the same.
        say("report", "101 downloaded");
        install();
        return true;
      case Stage::report_failed:
        return give_up("205 md5 failed", buffer);
      case Stage::report_installed:
        say("report", "201 upgraded");
        stage_ = Stage::post_version;
        return true;
    }
    return false;
  }

  bool give_up(std::string_view what, const std::string& buffer) {
    const int64_t number = number_after(buffer, "\"errno\":");
    say("error", std::string(what) + ": errno " + std::to_string(number));
    if (stage_ != Stage::post_version) stage_ = Stage::check;
    return false;
  }

  bool accept_check(const std::string& buffer, bool success) {
    if (!success) {
      const int64_t number = number_after(buffer, "\"errno\":");
      say(number == 11 ? "idle" : "error", "check: errno " + std::to_string(number));
      return false;
    }
    target_ = text_after(buffer, "\"target\":\"", '"');
    token_ = text_after(buffer, "\"token\":\"", '"');
    size_ = number_after(buffer, "\"size\":");
    md5_ = text_after(buffer, "\"md5\":\"", '"');
    // The last key: it is only there when the whole answer fitted the buffer.
    const int64_t type = number_after(buffer, "\"type\":");
    if (target_.empty() || token_.size() != 24 || size_ <= 0 || md5_.empty() || type < 1) {
      say("error", "check: the answer does not fit");
      return false;
    }
    say("offer",
        target_ + (type == 2 ? " (delta, " : " (full, ") + std::to_string(size_) + " bytes)");
    image_.clear();
    stage_ = lazy_ ? Stage::download : Stage::token_check;
    return true;
  }

  // "bytes a-b/n" after the first "Range" of the head, which must fit the buffer.
  bool accept_slice(const WireReply& reply) {
    const std::string buffer = onenet_buffer({reply.status, reply.headers, {}}, kSliceHeadBuffer);
    const size_t at = buffer.find("Range");
    const std::string range = at == std::string::npos ? std::string{} : buffer.substr(at);
    const bool whole_head = buffer.find("\r\n\r\n") != std::string::npos;
    const int64_t first = number_after(range, "bytes ");
    const int64_t total = number_after(range, "/");
    if (reply.status != 206 || !whole_head || total != size_ ||
        first != static_cast<int64_t>(image_.size()) || reply.body.empty()) {
      say("error", "download: " + (reply.body.size() == 1 ? reply.body : std::string("bad slice")));
      stage_ = Stage::check;
      return false;
    }
    image_ += reply.body;
    if (static_cast<int64_t>(image_.size()) < size_) return true;
    say("download",
        std::to_string(image_.size()) + " bytes in slices of " + std::to_string(slice_bytes_));
    return verify();
  }

  bool accept_whole(const WireReply& reply) {
    if (reply.status != 200 || static_cast<int64_t>(reply.body.size()) != size_) {
      say("error", "download: " + (reply.body.size() == 1 ? reply.body : std::string("bad file")));
      stage_ = Stage::check;
      return false;
    }
    image_ = reply.body;
    say("download", std::to_string(image_.size()) + " bytes");
    return verify();
  }

  bool verify() {
    const bool good = base::hex(base::digest(base::HashKind::md5, image_)) == md5_;
    say(good ? "verify" : "error", good ? "md5 " + md5_ : "md5 differs");
    if (!good) {
      stage_ = lazy_ ? Stage::check : Stage::report_failed;
      return !lazy_;
    }
    if (lazy_) {
      install();
    } else {
      stage_ = Stage::report_downloaded;
    }
    return true;
  }

  void install() {
    version_ = target_;
    image_sha256_ = base::hex(base::digest(base::HashKind::sha256, image_));
    image_.clear();
    image_.shrink_to_fit();
    say("install", version_);
    // The lazy one never reports: the version message completes its task.
    stage_ = lazy_ ? Stage::post_version : Stage::report_installed;
  }

  SimIdentity identity_;
  bool lazy_;
  std::string version_;
  std::string authorization_;
  Stage stage_ = Stage::post_version;
  std::string target_;
  std::string token_;
  int64_t size_ = 0;
  std::string md5_;
  std::string image_;
  size_t slice_bytes_ = kSliceBytesMin;
  bool with_unit_ = true;
  std::string image_sha256_;
  std::vector<SimEvent>* events_ = nullptr;  // of the step under way
};

}  // namespace

std::unique_ptr<SimDevice> make_onenet_device(SimIdentity identity) {
  return std::make_unique<OnenetDevice>(std::move(identity));
}

}  // namespace otaru::dialect
