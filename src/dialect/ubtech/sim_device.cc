// SPDX-License-Identifier: Apache-2.0
// A robot of the vendor document: it knows one token URL, one question and one report. The answers
// are read the way a robot's JSON library does, unknown keys ignored.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "dialect/ubtech/ubtech.h"

namespace otaru::dialect {
namespace ubtech {
namespace {

// Bytes asked for at a time; a robot that loses its connection goes on from what it has.
constexpr size_t kPieceBytes = 64 * 1024;
// A file is given up after that many tries in a row.
constexpr int kTriesMax = 20;

// "http://host:port/path" as host and path; a link without a scheme is a path.
std::pair<std::string, std::string> split_link(const std::string& link) {
  const size_t scheme = link.find("://");
  if (scheme == std::string::npos) return {"", link};
  const size_t host = scheme + 3;
  const size_t path = std::min(link.find('/', host), link.size());
  return {link.substr(host, path - host), link.substr(path)};
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    out.emplace_back(base::trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool is_version_char(char c) {
  return (c >= '0' && c <= '9') || c == '.';
}

// The version a file leads to, from its name: the vendor writes "...--17--5mic.patch"; otherwise
// the last number of the name without its ending counts ("image-1.2.3.bin"). Empty when there is
// none.
std::string version_in(std::string_view link) {
  std::string_view name = link.substr(link.rfind('/') + 1);
  const size_t last = name.rfind("--");
  const size_t first = last == std::string_view::npos || last == 0 ? std::string_view::npos
                                                                   : name.rfind("--", last - 1);
  if (first != std::string_view::npos && first + 2 < last) {
    return std::string(name.substr(first + 2, last - first - 2));
  }
  name = name.substr(0, name.rfind('.'));
  size_t end = name.size();
  while (end > 0 && !(name[end - 1] >= '0' && name[end - 1] <= '9')) --end;
  size_t start = end;
  while (start > 0 && is_version_char(name[start - 1])) --start;
  while (start < end && name[start] == '.') ++start;
  return std::string(name.substr(start, end - start));
}

class Robot final : public SimDevice {
 public:
  explicit Robot(SimIdentity identity)
      : SimDevice(std::move(identity)), version_(identity_.word("version")) {}

  std::string running_version() const override { return version_; }
  std::string running_image_sha256() const override { return base::hex(image_sha256_); }

 private:
  // The vendor's codes of a report.
  static constexpr int kSucceeded = 1;
  static constexpr int kFailed = 2;
  static constexpr int kNotYet = 3;

  struct File {
    std::string link;
    std::string id;
    std::string bytes;
    std::string etag;
    bool complete = false;
    bool good = true;
    bool installed = false;
  };

  bool act(const Transport& transport, base::Time, base::Random& random,
           std::vector<SimEvent>& events) override {
    // A token before every question, as the vendor's own tool does; the same one serves the
    // reports.
    if (token_.empty()) return fetch_token(transport, events);
    if (!complaint_.empty()) return complain(transport, events);
    if (files_.empty()) return ask(transport, random, events);
    return files_[next_].complete ? report(transport, events) : fetch_piece(transport, events);
  }

  std::string parameter(std::string_view name, std::string_view value) const {
    std::string out(name);
    out += '=';
    out += base::percent_encode(value);
    return out;
  }
  std::string parameter(std::string_view name) const {
    return parameter(name, identity_.word(name));
  }

  std::string request(std::string_view method, const std::string& target,
                      const std::string& host = {}, const std::string& extra = {}) const {
    std::string out(method);
    out += " " + target + " HTTP/1.1\r\nHost: " + (host.empty() ? identity_.host : host) + "\r\n";
    out += "Connection: Keep-Alive\r\nAccept-Language: zh-CN,en,*\r\nUser-Agent: Mozilla/5.0\r\n";
    return out + extra + "\r\n";
  }

  // A lost exchange is tried again at the next step, until patience ends.
  bool lost(std::vector<SimEvent>& events, std::string_view what) {
    if (++tries_ < kTriesMax) return true;
    give_up(events, what);
    return false;
  }
  void give_up(std::vector<SimEvent>& events, std::string_view what) {
    events.push_back({"error", std::string(what)});
    rest();
  }
  // Nothing more to do until the next poll.
  void rest() {
    token_ = {};
    files_ = {};
    next_ = 0;
    tries_ = 0;
  }

  bool fetch_token(const Transport& transport, std::vector<SimEvent>& events) {
    const std::string target = identity_.word("base_path") + "/oauth/token?" +
                               parameter("client_id") + "&" + parameter("client_secret") +
                               "&grant_type=password&" + parameter("username") + "&" +
                               parameter("password");
    const auto reply = transport(request("GET", target));
    if (!reply) return lost(events, "no token: " + reply.error().message);
    const auto answer = base::JsonDocument::parse(reply->body);
    const auto token = answer ? answer->root().find("access_token").text() : std::nullopt;
    if (reply->status != 200 || !token) {
      give_up(events, "no token: status " + std::to_string(reply->status));
      return false;
    }
    token_ = std::string(*token);
    return true;
  }

  bool ask(const Transport& transport, base::Random& random, std::vector<SimEvent>& events) {
    const std::string target = identity_.word("base_path") + "/file/download?" +
                               parameter("access_token", token_) + "&" + parameter("package_name") +
                               "&" + parameter("version", version_) + "&" + parameter("file_name") +
                               "&" + parameter("language") + "&" + parameter("robot_version") +
                               "&" + parameter("robot_id", identity_.key);
    const auto reply = transport(request("GET", target));
    if (!reply) return lost(events, "no answer: " + reply.error().message);
    if (reply->status == 401) {
      token_.clear();
      return lost(events, "the token was refused");
    }
    tries_ = 0;
    events.push_back({"check", "runs " + version_});
    const auto answer = base::JsonDocument::parse(reply->body);
    const auto code = answer ? answer->root().find("code").text() : std::nullopt;
    if (!code) {
      give_up(events, "unreadable answer, status " + std::to_string(reply->status));
      return false;
    }
    if (*code != "100") {
      events.push_back({"idle", "code " + std::string(*code)});
      rest();
      return false;
    }
    return accept(answer->root(), random, events);
  }

  bool accept(const base::JsonView& answer, base::Random& random, std::vector<SimEvent>& events) {
    const auto links = split_list(answer.find("data").text().value_or(""));
    const auto ids = split_list(answer.find("id").text().value_or(""));
    if (links.empty() || links.size() != ids.size()) {
      give_up(events, "links and ids do not belong together");
      return false;
    }
    // A file whose name tells no version would be offered for ever.
    if (links.back() == installed_link_) {
      events.push_back({"idle", "runs " + links.back() + " already"});
      rest();
      return false;
    }
    for (size_t i = 0; i < links.size(); ++i) {
      File file;
      file.link = links[i];
      file.id = ids[i];
      files_.push_back(std::move(file));
    }
    next_ = 0;
    events.push_back({"offer", std::to_string(links.size()) + " files"});
    outcome_ = outcome_of(version_in(links.back()), random);
    File& first = files_.front();
    if (outcome_.fate == SimFate::declines) {
      events.push_back({"decline", first.link});
      first.complete = true;
    } else if (fails_in(SimPhase::before_download)) {
      fail(first, events);
    }
    return true;
  }

  bool fails_in(SimPhase phase) const {
    return outcome_.fate == SimFate::fails && phase_of(outcome_.failure) == phase;
  }

  void fail(File& file, std::vector<SimEvent>& events) {
    file.complete = true;
    file.good = false;
    events.push_back({"fail", std::string(domain::name_of(outcome_.failure))});
  }

  bool fetch_piece(const Transport& transport, std::vector<SimEvent>& events) {
    File& file = files_[next_];
    const auto [host, path] = split_link(file.link);
    std::string extra = "Range: bytes=" + std::to_string(file.bytes.size()) + "-" +
                        std::to_string(file.bytes.size() + kPieceBytes - 1) + "\r\n";
    if (!file.etag.empty()) extra += "If-Range: " + file.etag + "\r\n";
    const auto reply = transport(request("GET", path, host, extra));
    if (!reply) return lost(events, "download broke off: " + reply.error().message);
    if (reply->status == 200) file.bytes.clear();  // the whole file: it changed, or no ranges here
    if (reply->status != 200 && reply->status != 206) {
      file.good = false;
      file.complete = true;
      events.push_back({"error", "download: status " + std::to_string(reply->status)});
      return true;
    }
    tries_ = 0;
    if (const auto* etag = reply->header("ETag")) file.etag = *etag;
    file.bytes += reply->body;
    std::optional<int64_t> total;
    if (reply->status == 200) {
      // The announced length, not what arrived: the connection may have been cut.
      if (const auto* length = reply->header("Content-Length")) total = base::parse_int(*length);
    } else if (const auto* range = reply->header("Content-Range")) {
      total = base::parse_int(std::string_view(*range).substr(range->find('/') + 1));
    }
    if (!total) {
      give_up(events, "download: no size");
      return false;
    }
    if (static_cast<int64_t>(file.bytes.size()) < *total) return true;
    file.complete = true;
    file.good = static_cast<int64_t>(file.bytes.size()) == *total;
    events.push_back({"download", file.link + ", " + std::to_string(file.bytes.size()) + " bytes"});
    events.push_back({"verify", file.good ? "size is right" : "size is wrong"});
    if (file.good && fails_in(SimPhase::after_download)) fail(file, events);
    return true;
  }

  // Nothing when the report has to be sent again.
  bool sent(const Transport& transport, const std::string& id, int code,
            std::vector<SimEvent>& events, bool& busy) {
    const std::string target = identity_.word("base_path") + "/file/callback?" +
                               parameter("access_token", token_) + "&" + parameter("id", id) + "&" +
                               parameter("robot_id", identity_.key) +
                               "&code=" + std::to_string(code);
    const auto reply = transport(request("POST", target, {}, "Content-Length: 0\r\n"));
    if (!reply) {
      busy = lost(events, "report was lost: " + reply.error().message);
      return false;
    }
    if (reply->status == 401) {
      token_.clear();
      busy = lost(events, "the token was refused");
      return false;
    }
    const auto answer = base::JsonDocument::parse(reply->body);
    const auto answered = answer ? answer->root().find("code").text() : std::nullopt;
    if (!answered || *answered == "500") {
      busy = lost(events, "the report was not taken");
      return false;
    }
    tries_ = 0;
    return true;
  }

  bool report(const Transport& transport, std::vector<SimEvent>& events) {
    File& file = files_[next_];
    const bool declined = outcome_.fate == SimFate::declines;
    if (!declined && file.good && !file.installed) {
      // What was started does not run: the old image does, again.
      if (fails_in(SimPhase::after_install)) {
        fail(file, events);
      } else {
        install(file, events);
        const bool last = next_ + 1 == files_.size();
        if (last && outcome_.fate == SimFate::dies) return fall_silent(version_, events);
      }
    }
    const int code = declined ? kNotYet : file.good ? kSucceeded : kFailed;
    bool busy = false;
    if (!sent(transport, file.id, code, events, busy)) return busy;
    const char* words[] = {" no state", " succeeded", " failed", " not updated yet"};
    events.push_back({"report", file.id + words[code]});
    if (code != kSucceeded) {
      rest();
      return false;
    }
    // The last one reported: ask again, until there is nothing new.
    if (++next_ >= files_.size()) {
      if (outcome_.fate == SimFate::vanishes) return fall_silent(version_, events);
      if (outcome_.fate == SimFate::unwell) complaint_ = file.id;
      rest();
    }
    return true;
  }

  // It runs, and is not well: the same id is reported as failed after all.
  bool complain(const Transport& transport, std::vector<SimEvent>& events) {
    bool busy = false;
    if (!sent(transport, complaint_, kFailed, events, busy)) {
      if (!busy) complaint_ = {};
      return busy;
    }
    events.push_back({"complain", complaint_ + " failed"});
    complaint_ = {};
    rest();
    return true;
  }

  void install(File& file, std::vector<SimEvent>& events) {
    file.installed = true;
    installed_link_ = file.link;
    image_sha256_ = base::digest(base::HashKind::sha256, file.bytes);
    const std::string reached = version_in(file.link);
    if (!reached.empty()) version_ = reached;
    events.push_back({"install", "runs " + version_});
  }

  std::string version_;
  std::string token_;
  std::vector<File> files_;  // while an update lasts
  size_t next_ = 0;
  int tries_ = 0;
  SimOutcome outcome_;        // of that update
  std::string complaint_;     // the id to complain about
  std::string image_sha256_;  // raw
  std::string installed_link_;
};

}  // namespace
}  // namespace ubtech

std::unique_ptr<SimDevice> make_ubtech_device(SimIdentity identity) {
  return std::make_unique<ubtech::Robot>(std::move(identity));
}

}  // namespace otaru::dialect
