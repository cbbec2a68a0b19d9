// SPDX-License-Identifier: Apache-2.0
// A simulated NB-IoT module in the manner of the vendor's demo library, and (style=esp8266) a lazy
// client. Both read answers as real firmware does: into a buffer of 511 bytes, searched for words,
// so that an answer that would break such a device breaks this one.
#include <algorithm>
#include <memory>

#include "base/encoding.h"
#include "base/hash.h"
#include "dialect/onenet/authorization.h"
#include "dialect/onenet/mapping.h"
#include "dialect/onenet/onenet.h"

namespace otaru::dialect {
namespace {

constexpr size_t kAnswerBuffer = 511;
constexpr size_t kSliceHeadBuffer = 400;
constexpr size_t kSliceBytesMin = 512;
constexpr size_t kSliceBytesMax = 4096;
constexpr int64_t kAuthorizationEnds = 4102444800;  // 2100: such devices sign once

// What a device reports that runs what it was given, and is not well.
constexpr int kComplaint = 206;

// The vendor's code for a failure: 1xx while it is about the download, if there is one.
int code_of(domain::FailureClass failure, bool downloading) {
  const onenet::ResultRow* found = nullptr;
  for (const auto& row : onenet::result_table()) {
    if (row.failure != failure || row.event != domain::TaskEvent::failed) continue;
    if (found == nullptr ||
        ((row.code < 200) == downloading && (found->code < 200) != downloading)) {
      found = &row;
    }
  }
  if (found != nullptr) return static_cast<int>(found->code);
  return downloading ? 107 : 206;
}

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
      : SimDevice(std::move(identity)),
        lazy_(identity_.word("style") == "esp8266"),
        version_(identity_.word("version")) {}

  std::string running_version() const override { return version_; }
  std::string running_image_sha256() const override { return base::hex(image_sha256_); }

 private:
  enum class Stage : uint8_t {
    post_version,
    check,
    token_check,
    download,
    report_downloaded,
    report_failed,
    report_installed,
    complain
  };

  // What is held while an update lasts.
  struct Job {
    std::string target;
    std::string token;
    int64_t size = 0;
    std::string md5;
    int64_t interval_s = 0;
    std::string image;
    size_t slice_bytes = kSliceBytesMin;
    bool with_unit = true;
    SimOutcome outcome;
    int failed_with = 0;  // the code that report_failed reports
    bool said = false;    // done was reported: what is left is to vanish or to complain
  };

  bool act(const Transport& transport, base::Time now, base::Random& random,
           std::vector<SimEvent>& events) override {
    events_ = &events;
    now_ = now;
    random_ = &random;
    const auto reply = transport(request_of(random));
    if (!reply) {
      say("error", "no network: " + reply.error().message);
      return stage_ != Stage::check;
    }
    return accept(*reply);
  }

  void say(std::string_view step, std::string detail) {
    events_->push_back({std::string(step), std::move(detail)});
  }

  bool firmware() const { return identity_.word("type") != "2"; }

  // Computed for each request, so that a resting device does not hold it.
  std::string authorization() const {
    const auto key = base::unbase64(identity_.word("access_key")).value_or(std::string{});
    return onenet::write_authorization({lazy_ ? base::HashKind::md5 : base::HashKind::sha1,
                                        "products/" + identity_.word("pid"), kAuthorizationEnds,
                                        key, !lazy_});
  }

  std::string head(std::string_view method, const std::string& target) const {
    std::string out(method);
    out += " " + target + " HTTP/1.1\r\n";
    // Names and blanks as the two kinds of clients write them.
    out += lazy_ ? "authorization:" : "Authorization: ";
    out += authorization() + "\r\n";
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
    out += "&type=" + std::string(firmware() ? "1" : "2") + "&version=" + version_;
    const SimCondition& condition = identity_.condition;
    if (condition.signal != kSimUnsaid) out += "&signals=" + std::to_string(condition.signal);
    if (condition.battery_percent != kSimUnsaid) {
      out += "&powers=" + std::to_string(condition.battery_percent);
    }
    return out + "&cdn=false";
  }

  std::string download_request(base::Random& random) {
    if (job_->image.empty()) {
      job_->slice_bytes = kSliceBytesMin + random.below(kSliceBytesMax - kSliceBytesMin + 1);
      job_->with_unit = random.below(2) == 0;
    }
    // No Authorization: the token is enough.
    std::string out =
        "GET /ota/south/download/" + job_->token + " HTTP/1.1\r\nHost: " + identity_.host + "\r\n";
    if (!lazy_) {
      const size_t from = job_->image.size();
      const size_t last = std::min(from + job_->slice_bytes, static_cast<size_t>(job_->size)) - 1;
      out += std::string("Range: ") + (job_->with_unit ? "bytes=" : "") + std::to_string(from) +
             "-" + std::to_string(last) + "\r\n";
    }
    return out + "\r\n";
  }

  std::string report_request(int code) const {
    return post("/ota/south/report?" + dev_id() + "&token=" + job_->token,
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
        return get("/ota/south/download/" + job_->token + "/check?" + dev_id());
      case Stage::download:
        return download_request(random);
      case Stage::report_downloaded:
        return report_request(101);
      case Stage::report_failed:
        return report_request(job_->failed_with);
      case Stage::report_installed:
        return report_request(201);
      case Stage::complain:
        return report_request(kComplaint);
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
        return after_version();
      case Stage::check:
        return accept_check(buffer, success);
      case Stage::token_check:
        if (!success) return give_up("token check", buffer);
        if (fails_in(SimPhase::before_download)) return fail(job_->outcome.failure);
        stage_ = Stage::download;
        return true;
      case Stage::download:
        return lazy_ ? accept_whole(reply) : accept_slice(reply);
      case Stage::report_downloaded:
        // Some servers answer a repeated 101 with an error: the device goes on all the same.
        say("report", "101 downloaded");
        return install();
      case Stage::report_failed:
        say("report", std::to_string(job_->failed_with) + (success ? "" : ", refused"));
        return rest_after_failure();
      case Stage::report_installed:
        say("report", "201 upgraded");
        job_->said = true;
        stage_ = Stage::post_version;
        return job_->outcome.fate != SimFate::vanishes || fall_silent(version_, *events_);
      case Stage::complain:
        say("complain", std::to_string(kComplaint) + (success ? "" : ", refused"));
        job_.reset();
        stage_ = Stage::check;
        return true;
    }
    return false;
  }

  // The version was told: the lazy client's update is done with it.
  bool after_version() {
    stage_ = Stage::check;
    if (!job_) return true;
    const SimFate fate = job_->outcome.fate;
    if (fate == SimFate::vanishes) return fall_silent(version_, *events_);
    if (fate == SimFate::unwell) {
      stage_ = Stage::complain;
    } else {
      job_.reset();
    }
    return true;
  }

  bool give_up(std::string_view what, const std::string& buffer) {
    const int64_t number = number_after(buffer, "\"errno\":");
    say("error", std::string(what) + ": errno " + std::to_string(number));
    if (stage_ != Stage::post_version) {
      stage_ = Stage::check;
      job_.reset();
    }
    return false;
  }

  bool fails_in(SimPhase phase) const {
    return job_->outcome.fate == SimFate::fails && phase_of(job_->outcome.failure) == phase;
  }

  // The lazy client tells nobody.
  bool fail(domain::FailureClass failure) {
    say("fail", std::string(domain::name_of(failure)));
    if (lazy_) return rest_after_failure();
    job_->failed_with = code_of(failure, stage_ == Stage::token_check);
    stage_ = Stage::report_failed;
    return true;
  }

  // The task says how long to wait before the next try.
  bool rest_after_failure() {
    if (job_->interval_s > 0) wait_until(now_ + job_->interval_s * base::kSecondMs);
    stage_ = Stage::check;
    job_.reset();
    return false;
  }

  bool accept_check(const std::string& buffer, bool success) {
    if (!success) {
      const int64_t number = number_after(buffer, "\"errno\":");
      say(number == 11 ? "idle" : "error", "check: errno " + std::to_string(number));
      return false;
    }
    auto job = std::make_unique<Job>();
    job->target = text_after(buffer, "\"target\":\"", '"');
    job->token = text_after(buffer, "\"token\":\"", '"');
    job->size = number_after(buffer, "\"size\":");
    job->md5 = text_after(buffer, "\"md5\":\"", '"');
    job->interval_s = number_after(buffer, "\"interval\":");
    // The last key: it is only there when the whole answer fitted the buffer.
    const int64_t type = number_after(buffer, "\"type\":");
    if (job->target.empty() || job->token.size() != 24 || job->size <= 0 || job->md5.empty() ||
        type < 1) {
      say("error", "check: the answer does not fit");
      return false;
    }
    say("offer", job->target + (type == 2 ? " (delta, " : " (full, ") + std::to_string(job->size) +
                     " bytes)");
    const SimCondition& condition = identity_.condition;
    if (too_low("signal", condition.signal, number_after(buffer, "\"signal\":")) ||
        too_low("power", condition.battery_percent, number_after(buffer, "\"power\":"))) {
      return false;
    }
    return take_up(std::move(job));
  }

  // The task object's thresholds are the device's own business: it waits, and tells nobody.
  bool too_low(std::string_view what, int64_t measured, int64_t wanted) {
    if (measured == kSimUnsaid || wanted <= 0 || measured >= wanted) return false;
    say("decline",
        std::string(what) + " " + std::to_string(measured) + " is below " + std::to_string(wanted));
    return true;
  }

  bool take_up(std::unique_ptr<Job> job) {
    job->outcome = outcome_of(job->target, *random_);
    if (job->outcome.fate == SimFate::declines) {
      say("decline", job->target);
      return false;
    }
    job_ = std::move(job);
    if (lazy_ && fails_in(SimPhase::before_download)) return fail(job_->outcome.failure);
    stage_ = lazy_ ? Stage::download : Stage::token_check;
    return true;
  }

  bool break_off(const WireReply& reply, std::string_view what) {
    say("error", "download: " + (reply.body.size() == 1 ? reply.body : std::string(what)));
    stage_ = Stage::check;
    job_.reset();
    return false;
  }

  // "bytes a-b/n" after the first "Range" of the head, which must fit the buffer.
  bool accept_slice(const WireReply& reply) {
    const std::string buffer = onenet_buffer({reply.status, reply.headers, {}}, kSliceHeadBuffer);
    const size_t at = buffer.find("Range");
    const std::string range = at == std::string::npos ? std::string{} : buffer.substr(at);
    const bool whole_head = buffer.find("\r\n\r\n") != std::string::npos;
    const int64_t first = number_after(range, "bytes ");
    const int64_t total = number_after(range, "/");
    if (reply.status != 206 || !whole_head || total != job_->size ||
        first != static_cast<int64_t>(job_->image.size()) || reply.body.empty()) {
      return break_off(reply, "bad slice");
    }
    job_->image += reply.body;
    if (static_cast<int64_t>(job_->image.size()) < job_->size) return true;
    say("download", std::to_string(job_->image.size()) + " bytes in slices of " +
                        std::to_string(job_->slice_bytes));
    return verify();
  }

  bool accept_whole(const WireReply& reply) {
    if (reply.status != 200 || static_cast<int64_t>(reply.body.size()) != job_->size) {
      return break_off(reply, "bad file");
    }
    job_->image = reply.body;
    say("download", std::to_string(job_->image.size()) + " bytes");
    return verify();
  }

  bool verify() {
    if (base::hex(base::digest(base::HashKind::md5, job_->image)) != job_->md5) {
      say("error", "md5 differs");
      return fail(domain::FailureClass::verification);
    }
    say("verify", "md5 " + job_->md5);
    if (fails_in(SimPhase::after_download)) return fail(job_->outcome.failure);
    if (lazy_) return install();
    stage_ = Stage::report_downloaded;
    return true;
  }

  bool install() {
    // What was started does not run: the old image does, again.
    if (fails_in(SimPhase::after_install)) return fail(job_->outcome.failure);
    version_ = job_->target;
    image_sha256_ = base::digest(base::HashKind::sha256, job_->image);
    job_->image.clear();
    job_->image.shrink_to_fit();
    say("install", version_);
    if (job_->outcome.fate == SimFate::dies) return fall_silent(version_, *events_);
    // The lazy one never reports: the version message completes its task.
    stage_ = lazy_ ? Stage::post_version : Stage::report_installed;
    return true;
  }

  bool lazy_;
  Stage stage_ = Stage::post_version;
  std::string version_;
  std::string image_sha256_;  // raw
  std::unique_ptr<Job> job_;
  base::Time now_;  // of the step under way, as the next two
  std::vector<SimEvent>* events_ = nullptr;
  base::Random* random_ = nullptr;
};

}  // namespace

std::unique_ptr<SimDevice> make_onenet_device(SimIdentity identity) {
  return std::make_unique<OnenetDevice>(std::move(identity));
}

}  // namespace otaru::dialect
