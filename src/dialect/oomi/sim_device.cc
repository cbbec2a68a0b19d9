// SPDX-License-Identifier: Apache-2.0
// Simulated OOMI devices: a Cube, which (through its phone) asks for newer firmware of each of its
// parts, and a Touch, which asks for a newer kit and then for the packages of its products. Both
// fetch files in ranges of 64 KiB and go on where a lost connection stopped them.
#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "dialect/oomi/oomi.h"

namespace otaru::dialect {
namespace oomi {
namespace {

constexpr int64_t kSliceBytes = 64 * 1024;
// Exchanges that may fail in a row before the device gives up until its next poll.
constexpr int kLossesMax = 50;
constexpr std::string_view kKitProduct = "OOMI_Kit";

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> out;
  size_t from = 0;
  for (;;) {
    const size_t end = text.find(',', from);
    out.push_back(text.substr(from, end - from));
    if (end == std::string::npos) return out;
    from = end + 1;
  }
}

struct SimPart {
  std::string product;
  std::string feature;
  std::string version;
  std::string image_sha256;  // raw
  std::string installed;     // by this device itself: the same is not installed twice
};

// A file to fetch and what must come out of it.
struct SimJob {
  std::string product;
  std::string feature;
  std::string version;
  std::string url;
  std::string user;
  std::string password;
  std::string md5;  // upper-case hex; empty when the answer had none
  int64_t size = 0;
  SimOutcome outcome;
};

// "http://host:port/a/b" -> "/a/b"
std::string path_of(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t slash = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return slash == std::string::npos ? "/" : url.substr(slash);
}

std::string text_of(base::JsonView object, std::string_view key) {
  return std::string(object.find(key).text().value_or(""));
}

class OomiSimDevice final : public SimDevice {
 public:
  explicit OomiSimDevice(SimIdentity identity) : SimDevice(std::move(identity)) {
    const std::string& product = identity_.word("product");
    touch_ = product == kKitProduct;
    if (touch_) {
      kit_version_ = identity_.word("version");
      return;
    }
    const auto products = split_list(product);
    const auto features = split_list(identity_.word("feature"));
    const auto versions = split_list(identity_.word("version"));
    for (size_t i = 0; i < products.size(); ++i) {
      parts_.push_back(SimPart{products[i],
                               i < features.size() ? features[i] : std::string(),
                               i < versions.size() ? versions[i] : std::string(),
                               {},
                               {}});
    }
  }

  std::string running_version() const override {
    if (touch_) return kit_version_;
    return parts_.empty() ? std::string() : parts_.front().version;
  }

  std::string running_image_sha256() const override {
    if (touch_) return base::hex(last_image_sha256_);
    return parts_.empty() ? std::string() : base::hex(parts_.front().image_sha256);
  }

 private:
  enum class Phase : uint8_t { check, batch, detail, download, report };

  bool act(const Transport& transport, base::Time, base::Random& random,
           std::vector<SimEvent>& events) override {
    events_ = &events;
    transport_ = &transport;
    random_ = &random;
    switch (phase_) {
      case Phase::check:
        return touch_ ? check_kit() : check_parts();
      case Phase::batch:
        return ask_batch();
      case Phase::detail:
        return ask_detail();
      case Phase::download:
        return fetch_slice();
      case Phase::report:
        return report();
    }
    return false;
  }

  void tell(std::string step, std::string detail) {
    events_->push_back(SimEvent{std::move(step), std::move(detail)});
  }

  bool idle(std::string why) {
    tell("idle", std::move(why));
    phase_ = Phase::check;
    jobs_.clear();
    return false;
  }

  bool give_up(std::string why) {
    tell("error", std::move(why));
    phase_ = Phase::check;
    jobs_.clear();
    image_.clear();
    losses_ = 0;
    return false;
  }

  std::string cookies() const {
    const std::string& aat = identity_.word("aat");
    if (identity_.key.empty() && aat.empty()) return {};
    return "Cookie: guid=" + identity_.key + "; aat=" + aat + "\r\n";
  }

  std::string post(const std::string& path, const std::string& body) const {
    return "POST " + path + " HTTP/1.1\r\nHost: " + identity_.host +
           "\r\nContent-Type: application/json;charset=utf-8\r\n" + cookies() +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  // Nothing when the network failed or the answer is no JSON: the caller is still in its phase and
  // tries again with its next step.
  std::optional<base::JsonDocument> ask(const std::string& request) {
    const auto reply = (*transport_)(request);
    if (!reply) {
      ++losses_;
      return std::nullopt;
    }
    auto document = base::JsonDocument::parse(reply->body);
    if (reply->status != 200 || !document) {
      ++losses_;
      return std::nullopt;
    }
    losses_ = 0;
    return std::move(*document);
  }

  bool try_again() {
    if (losses_ <= kLossesMax) return true;
    return give_up("no answer after " + std::to_string(losses_) + " tries");
  }

  void write_account(base::JsonWriter& writer) const {
    const auto account = base::parse_int(identity_.word("account"));
    if (account) writer.member("accountId", *account);
  }

  // --- Cube -------------------------------------------------------------------------------------

  std::string check_body() const {
    base::JsonWriter writer;
    writer.begin_object();
    writer.key("firmwares");
    writer.begin_array();
    for (const SimPart& part : parts_) {
      writer.begin_object();
      writer.member("feature", part.feature);
      writer.member("hwVersion", "");
      writer.member("model", "1");
      writer.member("name", part.product);
      writer.member("swVersion", part.version);
      writer.end_object();
    }
    writer.end_array();
    writer.member("guid", identity_.key);
    writer.member("model", "1");
    writer.member("product", "OOMI_CUBE");
    writer.end_object();
    return writer.take();
  }

  bool check_parts() {
    const auto answer = ask(post("/ota/integration/check", check_body()));
    if (!answer) return try_again();
    const std::string code = text_of(answer->root(), "code");
    if (code != "1") return give_up("check answered code " + code);
    tell("check", "reported " + std::to_string(parts_.size()) + " parts");
    if (vanishes_) return fall_silent(running_version(), *events_);
    const base::JsonView list = answer->root().find("data").find("firmwares");
    for (size_t i = 0; i < list.size(); ++i) {
      const base::JsonView entry = list.at(i);
      SimJob job;
      job.product = text_of(entry, "name");
      job.feature = text_of(entry, "feature");
      job.version = text_of(entry, "swVersion");
      job.url = text_of(entry, "firmwareUrl");
      job.size = entry.find("size").integer().value_or(-1);
      const SimPart* part = part_of(job);
      if (part == nullptr) continue;
      if (part->installed == job.version) continue;
      tell("offer", job.product + " " + part->version + " -> " + job.version);
      job.outcome = outcome_of(job.version, *random_);
      if (takes_up(job)) jobs_.push_back(std::move(job));
    }
    if (jobs_.empty()) return idle("nothing to update");
    phase_ = Phase::detail;
    return true;
  }

  // Of what goes wrong before the download, and of what its owner does not want, this protocol has
  // no way to tell anybody.
  bool takes_up(const SimJob& job) {
    if (job.outcome.fate == SimFate::declines) {
      tell("decline", job.product + " " + job.version);
      return false;
    }
    if (!fails_in(job, SimPhase::before_download)) return true;
    tell_failure(job);
    return false;
  }

  static bool fails_in(const SimJob& job, SimPhase phase) {
    return job.outcome.fate == SimFate::fails && phase_of(job.outcome.failure) == phase;
  }

  void tell_failure(const SimJob& job) {
    tell("fail", job.product + " " + job.version + ": " +
                     std::string(domain::name_of(job.outcome.failure)));
  }

  SimPart* part_of(const SimJob& job) {
    for (SimPart& part : parts_) {
      if (part.product == job.product && (job.feature.empty() || part.feature == job.feature)) {
        return &part;
      }
    }
    return nullptr;
  }

  bool ask_detail() {
    SimJob& job = jobs_.front();
    base::JsonWriter writer;
    writer.begin_object();
    writer.member("product", job.product);
    writer.member("feature", job.feature);
    writer.member("oldSwVersion", "V0.0.0.0");
    writer.member("currentSwVersion", "");
    write_account(writer);
    writer.end_object();
    const auto answer = ask(post("/firmwares/detail", writer.take()));
    if (!answer) return try_again();
    const base::JsonView data = answer->root().find("data");
    if (text_of(answer->root(), "code") == "1" && text_of(data, "swVersion") == job.version) {
      take_link(data, job);
    } else if (job.url.empty()) {
      return give_up("no link for " + job.product);
    }
    phase_ = Phase::download;
    return true;
  }

  static void take_link(base::JsonView data, SimJob& job) {
    job.url = text_of(data, "firmwareUrl");
    job.user = text_of(data, "username");
    job.password = text_of(data, "password");
    job.md5 = text_of(data, "md5Code");
    const base::JsonView size = data.find("size");  // a number or a string, by endpoint
    job.size = size.integer().value_or(base::parse_int(text_of(data, "size")).value_or(-1));
  }

  // --- Touch ------------------------------------------------------------------------------------

  bool check_kit() {
    base::JsonWriter writer;
    writer.begin_object();
    writer.member("accountId", base::parse_int(identity_.word("account")).value_or(0));
    writer.member("version", kit_version_);
    writer.end_object();
    const auto answer = ask(post("/firmware-package-kit/check_update", writer.take()));
    if (!answer) return try_again();
    const std::string code = text_of(answer->root(), "code");
    tell("check", "kit " + kit_version_);
    if (vanishes_) return fall_silent(kit_version_, *events_);
    if (code == "603") return idle("kit is the newest");
    if (code != "1") return give_up("kit check answered code " + code);
    const base::JsonView data = answer->root().find("data");
    kit_wanted_ = text_of(data, "version");
    tell("offer", "kit " + kit_version_ + " -> " + kit_wanted_);
    kit_outcome_ = outcome_of(kit_wanted_, *random_);
    if (kit_outcome_.fate == SimFate::declines) {
      tell("decline", "kit " + kit_wanted_);
      return false;
    }
    wanted_parts_.clear();
    const base::JsonView list = data.find("firmwarePackage");
    for (size_t i = 0; i < list.size(); ++i) {
      const base::JsonView row = list.at(i);
      wanted_parts_.emplace_back(text_of(row, "productName"), text_of(row, "productModel"));
    }
    phase_ = Phase::batch;
    return true;
  }

  bool ask_batch() {
    base::JsonWriter writer;
    writer.begin_object();
    writer.key("firmwareCondForms");
    writer.begin_array();
    for (const auto& [product, model] : wanted_parts_) {
      writer.begin_object();
      write_account(writer);
      writer.member("product", product);
      writer.member("model", model.empty() ? std::string("1") : model);
      writer.member("feature", identity_.word("feature"));
      const auto known = touch_versions_.find(product);
      writer.member("currentSwVersion",
                    known == touch_versions_.end() ? std::string() : known->second);
      writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    const auto answer = ask(post("/firmwares/all", writer.take()));
    if (!answer) return try_again();
    const base::JsonView list = answer->root();
    if (!list.is_array()) return give_up("batch answered code " + text_of(list, "code"));
    for (size_t i = 0; i < list.size(); ++i) {
      SimJob job;
      job.product = text_of(list.at(i), "product");
      job.feature = text_of(list.at(i), "feature");
      job.version = text_of(list.at(i), "swVersion");
      take_link(list.at(i), job);
      job.outcome = kit_outcome_;
      if (!takes_up(job)) return idle("the kit failed");
      jobs_.push_back(std::move(job));
    }
    phase_ = jobs_.empty() ? Phase::report : Phase::download;
    return true;
  }

  // --- Files ------------------------------------------------------------------------------------

  std::string slice_request(const SimJob& job) const {
    const auto from = static_cast<int64_t>(image_.size());
    std::string request = "GET " + path_of(job.url) + " HTTP/1.1\r\n";
    request += "Host: " + identity_.host + "\r\n";
    if (!job.user.empty()) {
      request += "Authorization: Basic " + base::base64(job.user + ":" + job.password) + "\r\n";
    }
    if (job.size != 0) {
      request += "Range: bytes=" + std::to_string(from) + "-" +
                 std::to_string(from + kSliceBytes - 1) + "\r\n";
    }
    if (from > 0 && !etag_.empty()) request += "If-Range: " + etag_ + "\r\n";
    return request + "\r\n";
  }

  bool fetch_slice() {
    SimJob& job = jobs_.front();
    const auto reply = (*transport_)(slice_request(job));
    if (!reply) {
      ++losses_;
      return try_again();
    }
    if (reply->status == 200) {
      image_ = reply->body;  // the whole file, because it changed or ranges are not served
    } else if (reply->status == 206) {
      if (!append_slice(*reply)) return give_up("a range that was not asked for");
    } else {
      return give_up("download answered " + std::to_string(reply->status));
    }
    losses_ = 0;
    if (const std::string* etag = reply->header("ETag")) etag_ = *etag;
    tell("download",
         job.product + " " + std::to_string(image_.size()) + "/" + std::to_string(job.size));
    if (reply->status == 206 && static_cast<int64_t>(image_.size()) < total_) return true;
    return install(job);
  }

  bool append_slice(const WireReply& reply) {
    const std::string* range = reply.header("Content-Range");
    const std::string wanted = "bytes " + std::to_string(image_.size()) + "-";
    if (range == nullptr || range->compare(0, wanted.size(), wanted) != 0) return false;
    const size_t slash = range->find('/');
    if (slash == std::string::npos || reply.body.empty()) return false;
    total_ = base::parse_int(std::string_view(*range).substr(slash + 1)).value_or(0);
    image_ += reply.body;
    return true;
  }

  bool install(SimJob& job) {
    const std::string md5 = base::hex_upper(base::digest(base::HashKind::md5, image_));
    const bool size_fits = job.size < 0 || job.size == static_cast<int64_t>(image_.size());
    if (!size_fits || (!job.md5.empty() && job.md5 != md5)) {
      return give_up("file of " + job.product + " is not what was announced");
    }
    tell("verify", job.product + " md5 " + md5);
    if (job.outcome.fate == SimFate::fails) return fail(job);
    last_image_sha256_ = base::digest(base::HashKind::sha256, image_);
    if (touch_) {
      touch_versions_[job.product] = job.version;
    } else if (SimPart* part = part_of(job)) {
      part->version = job.version;
      part->installed = job.version;
      part->image_sha256 = last_image_sha256_;
    }
    tell("install", job.product + " " + job.version);
    if (job.outcome.fate == SimFate::dies) return fall_silent(job.version, *events_);
    if (job.outcome.fate == SimFate::vanishes) vanishes_ = true;
    next_job();
    return true;
  }

  void next_job() {
    image_ = {};
    etag_ = {};
    total_ = 0;
    jobs_.erase(jobs_.begin());
    phase_ = jobs_.empty() ? Phase::report : touch_ ? Phase::download : Phase::detail;
  }

  // The file is no good to it, or was started and did not run: what ran before still runs, and that
  // is all the server can learn. A kit is installed whole or not at all.
  bool fail(const SimJob& job) {
    tell_failure(job);
    const bool started = fails_in(job, SimPhase::after_install);
    failed_ = true;
    if (touch_) jobs_.resize(1);
    next_job();
    if (!jobs_.empty() || started) return true;
    phase_ = Phase::check;
    return false;
  }

  bool report() {
    const auto answer = ask(post("/firmwares/dwlStatus", "{}"));
    if (!answer) return try_again();
    const bool failed = failed_;
    failed_ = false;
    if (touch_ && !failed) kit_version_ = kit_wanted_;
    tell("report", "done, now " + running_version());
    phase_ = Phase::check;
    return !failed;  // the same would be offered again at once
  }

  bool touch_ = false;
  bool vanishes_ = false;  // with its next question
  bool failed_ = false;    // one of the files
  Phase phase_ = Phase::check;
  std::vector<SimPart> parts_;  // Cube
  std::vector<SimJob> jobs_;    // front: being worked on
  std::string kit_version_;     // Touch
  std::string kit_wanted_;
  SimOutcome kit_outcome_;
  std::vector<std::pair<std::string, std::string>> wanted_parts_;  // product, model
  std::map<std::string, std::string> touch_versions_;
  std::string image_;
  std::string etag_;
  int64_t total_ = 0;
  std::string last_image_sha256_;  // raw
  int losses_ = 0;
  std::vector<SimEvent>* events_ = nullptr;  // of the running step, as the next two
  const Transport* transport_ = nullptr;
  base::Random* random_ = nullptr;
};

}  // namespace
}  // namespace oomi

std::unique_ptr<SimDevice> make_oomi_device(SimIdentity identity) {
  return std::make_unique<oomi::OomiSimDevice>(std::move(identity));
}

}  // namespace otaru::dialect
