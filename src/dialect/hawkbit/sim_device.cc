// SPDX-License-Identifier: Apache-2.0
// A device that is updated by SWUpdate 2022.12 (suricatta in hawkBit mode): its requests byte for
// byte and in its order, as recorded from Debian's package. What a real one sleeps between the
// steps of one update is left out; it sleeps only when there is nothing to do.
//
// Unlike SWUpdate it reports an installation only to the action that it installed (SWUpdate takes
// whichever is there after the restart), takes files of any name, and can be taught confirmation.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "dialect/hawkbit/hawkbit.h"

namespace otaru::dialect {
namespace hawkbit {
namespace {

// What SWUpdate sleeps when the server does not say, or cannot be reached (-p).
constexpr int64_t kOwnSleepSeconds = 45;
// SWUpdate's default (-r): tries of one file.
constexpr int kFileTriesMax = 5;
// Exchanges lost in a row before the device sleeps again.
constexpr int kTriesMax = 20;

// "http://host:port/path" as host and path.
std::pair<std::string, std::string> host_and_path(std::string_view link) {
  const size_t scheme = link.find("://");
  if (scheme == std::string_view::npos) return {"", std::string(link)};
  const size_t host = scheme + 3;
  const size_t path = std::min(link.find('/', host), link.size());
  return {std::string(link.substr(host, path - host)), std::string(link.substr(path))};
}

// "20261122T055047": strftime %Y%m%dT%H%M%S.
std::string stamp(base::Time now) {
  std::string out;
  for (const char c : base::iso8601(now).substr(0, 19)) {
    if (c != '-' && c != ':') out += c;
  }
  return out;
}

// "HH:MM:SS"; SWUpdate 2022.12 reads nothing else. Empty: unreadable.
std::optional<int64_t> seconds_of(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hours = base::parse_uint(text.substr(0, 2));
  const auto minutes = base::parse_uint(text.substr(3, 2));
  const auto seconds = base::parse_uint(text.substr(6, 2));
  if (!hours || !minutes || !seconds) return std::nullopt;
  const auto sum = static_cast<int64_t>(*hours * 3600 + *minutes * 60 + *seconds);
  return sum == 0 ? kOwnSleepSeconds : sum;
}

// What it says of a failure, in the words that SWUpdate has where it has some.
std::string_view complaint_of(domain::FailureClass failure) {
  using domain::FailureClass;
  switch (failure) {
    case FailureClass::none:
    case FailureClass::unknown:
      return "ERROR : execute postinstall scripts failed";
    case FailureClass::download:
      return "ERROR : Channel operation returned HTTP error code 500.";
    case FailureClass::space:
      return "ERROR : Not enough free space to extract up.swu in /tmp/ (needed 302080, got 4096)";
    case FailureClass::memory:
      return "ERROR : Out of memory";
    case FailureClass::power:
      return "ERROR : battery too low for an update";
    case FailureClass::signal:
      return "ERROR : signal too weak for a download";
    case FailureClass::timeout:
      return "ERROR : timeout of the download";
    case FailureClass::verification:
      return "ERROR : HASH mismatch : abababab <--> a8ac0276";
    case FailureClass::version:
      return "ERROR : version is not newer, refusing";
    case FailureClass::hardware:
      return "ERROR : SW not compatible with hardware";
    case FailureClass::boot:
      return "ERROR : rolled back: the new image did not boot";
    case FailureClass::retries:
      return "ERROR : retries are used up";
    case FailureClass::expired:
      return "ERROR : the update has expired";
  }
  return "";
}

struct SimFile {
  std::string name;
  std::string href;
  base::Digests digests;
  int64_t size = 0;
};
struct SimChunk {
  std::string name;
  std::string part;
  std::string version;
  std::vector<SimFile> files;
};

std::string text_at(base::JsonView object, std::string_view member) {
  return std::string(object.find(member).text().value_or(""));
}

std::optional<SimFile> file_from(base::JsonView artifact) {
  SimFile out;
  out.name = text_at(artifact, "filename");
  const auto links = artifact.find("_links");
  out.href = text_at(links.find("download"), "href");
  if (out.href.empty()) out.href = text_at(links.find("download-http"), "href");
  const auto hashes = artifact.find("hashes");
  out.digests = {text_at(hashes, "md5"), text_at(hashes, "sha1"), text_at(hashes, "sha256")};
  const auto size = artifact.find("size").integer();
  if (out.name.empty() || out.href.empty() || out.digests.sha1.empty() || !size) return {};
  out.size = *size;
  return out;
}

// An update under way: only while it lasts.
struct SimUpdate {
  int64_t action = 0;
  std::string root;  // "http://host/TENANT/controller/v1/ID/deploymentBase/5"
  std::string mode;  // "update": skip, attempt, forced
  std::vector<SimChunk> chunks;
  size_t chunk = 0;
  size_t file = 0;
  int64_t got = 0;  // bytes of that file
  std::optional<base::MultiHasher> hasher;
  std::string image_sha256;  // raw, of the last file
  std::string complaint;     // why it fails
  SimOutcome outcome;

  SimChunk& current() { return chunks[chunk]; }
  SimFile& current_file() { return current().files[file]; }
};

class DdiDevice final : public SimDevice {
 public:
  explicit DdiDevice(SimIdentity identity) : SimDevice(std::move(identity)) {
    std::string_view products = identity_.word("product");
    while (!products.empty()) {
      const size_t comma = std::min(products.find(','), products.size());
      components_.emplace_back(base::trim(products.substr(0, comma)), identity_.word("version"));
      products.remove_prefix(std::min(comma + 1, products.size()));
    }
    if (components_.empty()) components_.emplace_back("", identity_.word("version"));
  }

  std::string running_version() const override { return components_.front().second; }
  std::string running_image_sha256() const override { return base::hex(image_sha256_); }

 private:
  enum class Next : uint8_t {
    poll,
    read_action,
    read_cancel,
    acknowledge,
    read_confirmation,
    confirm,
    configure,
    announce,
    decline,
    skip,
    head,
    fetch,
    log,
    chunk_done,
    all_done,
    fail,
    result,
  };
  // What the bootloader keeps over a restart ("ustate").
  enum class Kept : uint8_t { nothing, installed, failed };
  using Events = std::vector<SimEvent>;

  bool act(const Transport& transport, base::Time now, base::Random& random,
           Events& events) override {
    now_ = now;
    switch (next_) {
      case Next::poll:
        return poll(transport, events);
      case Next::read_action:
        return read_action(transport, random, events);
      case Next::read_cancel:
        return read_cancel(transport, events);
      case Next::acknowledge:
        return acknowledge(transport, events);
      case Next::read_confirmation:
        return read_confirmation(transport, random, events);
      case Next::confirm:
        return confirm(transport, events);
      case Next::configure:
        return configure(transport, events);
      case Next::announce:
        return announce(transport, events);
      case Next::decline:
        return close(transport, events, "rejected", "none", {"The update was declined."});
      case Next::skip:
        return close(transport, events, "closed", "success", {"Skipped Update."});
      case Next::head:
        return head(transport, events);
      case Next::fetch:
        return fetch(transport, events);
      case Next::log:
        return log(transport, events);
      case Next::chunk_done:
        return chunk_done(transport);
      case Next::all_done:
        return all_done(transport, events);
      case Next::fail:
        return close(transport, events, "closed", "failure",
                     {update_->complaint, "No suitable .swu image found"});
      case Next::result:
        return result(transport, events);
    }
    return false;
  }

  // --- Requests ---------------------------------------------------------------------------------

  std::string root() const {
    const std::string& tenant = identity_.word("tenant");
    return "/" + (tenant.empty() ? "DEFAULT" : tenant) + "/controller/v1/" +
           base::percent_encode(identity_.key);
  }

  std::string authorization() const {
    std::string token = identity_.word("token");
    const bool own = !token.empty();
    if (!own) token = identity_.word("gateway_token");
    if (const size_t at = token.find("{key}"); at != std::string::npos) {
      token.replace(at, 5, identity_.key);
    }
    if (token.empty()) return {};
    return (own ? "Authorization: TargetToken " : "Authorization: GatewayToken ") + token + "\r\n";
  }

  // libcurl's heads: a range stands before the user agent, a length behind everything of the
  // program's own, and "charsets" is there twice.
  std::string request(std::string_view method, std::string_view link,
                      const std::string& body = {}) const {
    const auto [host, path] = host_and_path(link);
    std::string out(method);
    out += " " + path + " HTTP/1.1\r\nHost: " + (host.empty() ? identity_.host : host) + "\r\n";
    out += "User-Agent: libcurl-agent/1.0\r\nContent-Type: application/json\r\n";
    out += "Accept: application/json\r\ncharsets: utf-8\r\ncharsets: utf-8\r\n";
    out += authorization();
    if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (method == "PUT") out += "Expect: 100-continue\r\n";
    return out + "\r\n" + body;
  }

  std::string file_request(std::string_view method, const SimFile& file, int64_t from) const {
    const auto [host, path] = host_and_path(file.href);
    std::string out(method);
    out += " " + path + " HTTP/1.1\r\nHost: " + (host.empty() ? identity_.host : host) + "\r\n";
    if (from > 0) out += "Range: bytes=" + std::to_string(from) + "-\r\n";
    out += "User-Agent: libcurl-agent/1.0\r\nContent-Type: application/octet-stream\r\n";
    out += "Accept: application/octet-stream\r\n";
    return out + authorization() + "\r\n";
  }

  static std::string list_of(const std::vector<std::string>& details) {
    std::string out;
    for (const auto& line : details) out += (out.empty() ? "\"" : ",\"") + line + "\"";
    return out;
  }

  // server_send_deployment_reply()
  std::string feedback(int64_t action, size_t count, size_t of, std::string_view finished,
                       std::string_view execution, const std::vector<std::string>& details) const {
    std::string out = "{ \"id\": " + std::to_string(action) + ", \"time\": \"" + stamp(now_);
    out += "\", \"status\": { \"result\": { \"progress\": { \"cnt\" : " + std::to_string(count);
    out += ", \"of\" : " + std::to_string(of) + " }, \"finished\": \"";
    out += finished;
    out += "\" }, \"execution\": \"";
    out += execution;
    return out + "\", \"details\" : [ " + list_of(details) + " ] } }";
  }

  // server_send_cancel_reply() and server_send_target_data()
  std::string plain_status(std::string_view id, std::string_view detail) const {
    std::string out = "{ \"id\": ";
    out += id;
    out += ", \"time\": \"" + stamp(now_) + "\", \"status\": { \"result\": { \"finished\": ";
    out += "\"success\" }, \"execution\": \"closed\", \"details\" : [ \"";
    out += detail;
    return out + "\" ] }";
  }

  base::Result<WireReply> post(const Transport& transport, const std::string& link,
                               const std::string& body) const {
    return transport(request("POST", link + "/feedback", body));
  }

  // --- Rest and trouble -------------------------------------------------------------------------

  // Nothing to do until it has slept.
  bool rest(int64_t seconds) {
    update_.reset();
    std::string().swap(href_);  // resting, it holds no more than it must
    seen_ = false;
    told_ = false;
    tries_ = 0;
    next_ = Next::poll;
    wait_until(now_ + seconds * base::kSecondMs);
    return false;
  }
  bool rest() { return rest(sleep_s_); }

  // A lost exchange is tried again at the next step, until patience ends.
  bool lost(Events& events, std::string what) {
    if (++tries_ < kTriesMax) return true;
    return give_up(events, std::move(what));
  }
  bool give_up(Events& events, std::string what) {
    events.push_back({"error", std::move(what)});
    return rest(kOwnSleepSeconds);
  }
  bool go_on(Next next) {
    next_ = next;
    tries_ = 0;
    return true;
  }

  // The JSON of an answer 200; nothing: `busy` says whether the step is to be tried again.
  std::optional<base::JsonDocument> read(const base::Result<WireReply>& reply,
                                         const std::string& what, Events& events, bool& busy) {
    if (!reply) {
      busy = lost(events, what + ": " + reply.error().message);
      return std::nullopt;
    }
    if (reply->status != 200) {
      busy = give_up(events, what + ": status " + std::to_string(reply->status));
      return std::nullopt;
    }
    auto document = base::JsonDocument::parse(reply->body);
    if (!document || !document->root().is_object()) {
      busy = lost(events, what + ": an unreadable answer");
      return std::nullopt;
    }
    return std::move(*document);
  }

  // --- What is there to do? ---------------------------------------------------------------------

  bool poll(const Transport& transport, Events& events) {
    polled_at_ = now_;
    const auto reply = transport(request("GET", root()));
    // What it asks while it downloads does not stop the download, unless it is cancelled.
    if (fetching() && (!reply || reply->status != 200)) return go_on(Next::fetch);
    bool busy = false;
    const auto document = read(reply, "poll", events, busy);
    if (!document) return busy;
    tries_ = 0;
    const auto answer = document->root();
    if (!told_) events.push_back({"check", "runs " + running_version()});
    told_ = true;
    const auto sleep = seconds_of(text_at(answer.find("config").find("polling"), "sleep"));
    if (!sleep) return give_up(events, "poll: no time to sleep");
    sleep_s_ = *sleep;
    const auto links = answer.find("_links");
    if (links.find("configData").exists()) configure_ = true;
    const auto follow = [&](std::string_view rel, Next next) {
      href_ = text_at(links.find(rel), "href");
      return !href_.empty() && go_on(next);
    };
    if (follow("cancelAction", Next::read_cancel)) return true;
    if (follow("deploymentBase", Next::read_action)) return true;
    // Without a word of it, a download goes on.
    if (fetching()) return go_on(Next::fetch);
    const bool can_confirm = !identity_.word("confirms").empty();
    if (can_confirm && follow("confirmationBase", Next::read_confirmation)) return true;
    if (kept_ != Kept::nothing) {
      events.push_back({"error", "installed, but the server knows of no update"});
      kept_ = Kept::nothing;
    }
    if (configure_) return go_on(Next::configure);
    events.push_back({"idle", "sleeps " + std::to_string(sleep_s_) + " s"});
    return rest();
  }

  bool fetching() const { return update_ != nullptr; }

  std::string without_query() const { return href_.substr(0, href_.find('?')); }

  std::unique_ptr<SimUpdate> update_from(base::JsonView answer, std::string_view kind) const {
    auto out = std::make_unique<SimUpdate>();
    const auto id = answer.find("id").text_or_integer();
    const auto number = id ? base::parse_int(*id) : std::nullopt;
    if (!number) return nullptr;
    out->action = *number;
    out->root = without_query();
    const auto what = answer.find(kind);
    out->mode = text_at(what, "update");
    const auto chunks = what.find("chunks");
    for (size_t i = 0; i < chunks.size(); ++i) {
      const auto row = chunks.at(i);
      SimChunk chunk{text_at(row, "name"), text_at(row, "part"), text_at(row, "version"), {}};
      const auto artifacts = row.find("artifacts");
      for (size_t k = 0; k < artifacts.size(); ++k) {
        auto file = file_from(artifacts.at(k));
        if (!file) return nullptr;
        chunk.files.push_back(std::move(*file));
      }
      if (chunk.version.empty() || chunk.files.empty()) return nullptr;
      out->chunks.push_back(std::move(chunk));
    }
    return out->chunks.empty() ? nullptr : std::move(out);
  }

  bool read_action(const Transport& transport, base::Random& random, Events& events) {
    const auto reply = transport(request("GET", href_));
    // Asked while it downloads: whatever the answer is, only a cancellation would stop it.
    if (fetching()) return go_on(Next::fetch);
    bool busy = false;
    const auto document = read(reply, "deploymentBase", events, busy);
    if (!document) return busy;
    auto found = update_from(document->root(), "deployment");
    if (found == nullptr) return give_up(events, "deploymentBase: not all that it needs");
    if (kept_ != Kept::nothing && found->action == kept_action_) {
      update_ = std::move(found);
      return go_on(Next::result);
    }
    kept_ = Kept::nothing;
    if (configure_) return go_on(Next::configure);
    // It asks twice before it begins.
    if (!seen_) {
      seen_ = true;
      return go_on(Next::poll);
    }
    update_ = std::move(found);
    return begin(random, events);
  }

  bool begin(base::Random& random, Events& events) {
    const std::string& version = update_->chunks.back().version;
    const size_t count = update_->chunks.size();
    events.push_back(
        {"offer", version + (count > 1 ? ", " + std::to_string(count) + " chunks" : "")});
    update_->outcome = outcome_of(version, random);
    if (update_->mode == "skip") return go_on(Next::skip);
    if (update_->outcome.fate == SimFate::declines) {
      events.push_back({"decline", version});
      return go_on(Next::decline);
    }
    return go_on(Next::announce);
  }

  bool read_cancel(const Transport& transport, Events& events) {
    bool busy = false;
    const auto document = read(transport(request("GET", href_)), "cancelAction", events, busy);
    if (!document) return busy;
    const auto answer = document->root();
    auto stop = answer.find("cancelAction").find("stopId").text_or_integer();
    if (!stop) stop = answer.find("id").text_or_integer();
    if (!stop) return give_up(events, "cancelAction: no id");
    stop_id_ = *stop;
    return go_on(Next::acknowledge);
  }

  bool acknowledge(const Transport& transport, Events& events) {
    const auto reply =
        post(transport, href_, plain_status(stop_id_, "cancellation acknowledged.") + " }");
    if (!reply) return lost(events, "cancelAction: " + reply.error().message);
    events.push_back({"report", stop_id_ + " is cancelled"});
    // What was installed is no longer anybody's result; the versions tell it after the restart.
    kept_ = Kept::nothing;
    return rest();
  }

  // --- Confirmation (not in SWUpdate 2022.12) ---------------------------------------------------

  bool read_confirmation(const Transport& transport, base::Random& random, Events& events) {
    bool busy = false;
    const auto document = read(transport(request("GET", href_)), "confirmationBase", events, busy);
    if (!document) return busy;
    const auto found = update_from(document->root(), "confirmation");
    if (found == nullptr) return give_up(events, "confirmationBase: not all that it needs");
    // Asked again and again until somebody else has decided.
    if (found->action == denied_) return configure_ ? go_on(Next::configure) : rest();
    const std::string& version = found->chunks.back().version;
    events.push_back({"offer", version + ", to be confirmed"});
    denies_ =
        identity_.word("confirms") == "no" || outcome_of(version, random).fate == SimFate::declines;
    if (denies_) denied_ = found->action;
    return go_on(Next::confirm);
  }

  bool confirm(const Transport& transport, Events& events) {
    const std::string word = denies_ ? "denied" : "confirmed";
    const std::string body = R"({"confirmation":")" + word + R"(","code":)" +
                             (denies_ ? "-1" : "1") + R"(,"details":["the user said so"]})";
    const auto reply = post(transport, without_query(), body);
    if (!reply) return lost(events, "confirmationBase: " + reply.error().message);
    if (reply->status != 200) {
      return give_up(events, "confirmationBase: status " + std::to_string(reply->status));
    }
    events.push_back({denies_ ? "decline" : "report", word});
    return go_on(Next::poll);
  }

  // --- Attributes -------------------------------------------------------------------------------

  std::string attributes() const {
    std::vector<std::pair<std::string, std::string>> data;
    const auto add = [&](std::string name, std::string value) {
      if (!value.empty()) data.emplace_back(std::move(name), std::move(value));
    };
    const auto add_words = [&](const SimWords& words) {
      constexpr std::string_view kPrefix = "attr.";
      for (const auto& [name, value] : words) {
        if (name.starts_with(kPrefix)) add(name.substr(kPrefix.size()), value);
      }
    };
    if (identity_.shared_words != nullptr) add_words(*identity_.shared_words);
    add_words(identity_.words);
    add("product", identity_.word("product"));
    for (const auto& [slot, version] : components_) {
      add(components_.size() == 1 ? "version" : "version." + slot, version);
    }
    if (identity_.condition.battery_percent != kSimUnsaid) {
      add("battery", std::to_string(identity_.condition.battery_percent));
    }
    if (unwell_) add("health", "unhealthy");
    std::string out;
    for (const auto& [name, value] : data) {
      out += (out.empty() ? " \"" : ",\"") + name + "\": \"" + value + "\"";
    }
    return out;
  }

  bool configure(const Transport& transport, Events& events) {
    const std::string body = plain_status("\"\"", "") + ", \"data\" : { " + attributes() + " } }";
    const auto reply = transport(request("PUT", root() + "/configData", body));
    if (!reply) return lost(events, "configData: " + reply.error().message);
    if (reply->status != 200) {
      return give_up(events, "configData: status " + std::to_string(reply->status));
    }
    configure_ = false;
    if (unwell_) events.push_back({"complain", "health is unhealthy"});
    unwell_ = false;
    return go_on(Next::poll);
  }

  // --- An update --------------------------------------------------------------------------------

  bool fails_in(SimPhase phase) const {
    return update_->outcome.fate == SimFate::fails && phase_of(update_->outcome.failure) == phase;
  }

  // As its conduct says.
  bool fail(Events& events) {
    events.push_back({"fail", std::string(domain::name_of(update_->outcome.failure))});
    return fail(complaint_of(update_->outcome.failure));
  }
  // For a reason of its own.
  bool fail(std::string_view complaint) {
    update_->complaint = std::string(complaint);
    return go_on(Next::fail);
  }

  // The last word on an action, for this time.
  bool close(const Transport& transport, Events& events, std::string_view execution,
             std::string_view finished, const std::vector<std::string>& details) {
    const bool failed = finished == "failure";
    const size_t count = failed ? update_->chunk : 0;
    const size_t of = failed ? update_->chunks.size() : 0;
    const auto reply = post(transport, update_->root,
                            feedback(update_->action, count, of, finished, execution, details));
    if (!reply) return lost(events, "feedback: " + reply.error().message);
    if (reply->status != 200) {
      return give_up(events, "feedback: status " + std::to_string(reply->status));
    }
    std::string text = std::to_string(update_->action) + " ";
    text += execution;
    events.push_back({"report", text + ", " + std::string(finished)});
    return rest();
  }

  bool announce(const Transport& transport, Events& events) {
    const auto reply = post(transport, update_->root,
                            feedback(update_->action, update_->chunk, update_->chunks.size(),
                                     "none", "proceeding", {"Installing Update Chunk Artifacts."}));
    if (!reply) return lost(events, "feedback: " + reply.error().message);
    if (reply->status != 200) {
      return give_up(events, "feedback: status " + std::to_string(reply->status));
    }
    return go_on(Next::head);
  }

  bool head(const Transport& transport, Events& events) {
    const SimFile& file = update_->current_file();
    const auto reply = transport(file_request("HEAD", file, 0));
    if (!reply) return lost(events, "download: " + reply.error().message);
    if (fails_in(SimPhase::before_download)) return fail(events);
    update_->got = 0;
    update_->hasher.emplace();
    return go_on(Next::fetch);
  }

  bool fetch(const Transport& transport, Events& events) {
    // It looks for a cancellation as often as it would poll.
    if (now_ - polled_at_ >= sleep_s_ * base::kSecondMs) {
      next_ = Next::poll;
      return poll(transport, events);
    }
    SimFile& file = update_->current_file();
    const bool resumes = update_->got > 0;
    const auto reply = transport(file_request("GET", file, update_->got));
    if (!reply) return fetch_again(reply.error().message);
    if (reply->status != (resumes ? 206 : 200)) {
      return fail(resumes ? std::string_view("ERROR : Channel operation returned error (33): "
                                             "'Requested range was not delivered by the server'")
                          : complaint_of(domain::FailureClass::download));
    }
    const auto wanted = static_cast<size_t>(file.size - update_->got);
    const std::string_view bytes = std::string_view(reply->body).substr(0, wanted);
    update_->hasher->update(bytes);
    update_->got += static_cast<int64_t>(bytes.size());
    if (update_->got < file.size) return fetch_again("the connection was cut");
    events.push_back({"download", file.name + ", " + std::to_string(file.size) + " bytes"});
    const base::Digests found = update_->hasher->finish();
    update_->hasher.reset();
    const bool right = found.sha1 == file.digests.sha1 && reply->body.size() <= wanted &&
                       (file.digests.sha256.empty() || found.sha256 == file.digests.sha256) &&
                       (file.digests.md5.empty() || found.md5 == file.digests.md5);
    events.push_back({"verify", right ? "sha1 is right" : "sha1 is wrong"});
    if (!right)
      return fail("ERROR : Checksum does not match: Should be '" + file.digests.sha1 +
                  "', but actually is '" + found.sha1 + "'.");
    if (fails_in(SimPhase::after_download)) return fail(events);
    update_->image_sha256 = base::unhex(found.sha256).value_or("");
    return go_on(Next::log);
  }

  bool fetch_again(const std::string& why) {
    if (++tries_ < kFileTriesMax) return true;
    return fail("ERROR : Channel operation returned error: '" + why + "'");
  }

  // Its log, from another connection: how the server answers does not matter to it.
  bool log(const Transport& transport, Events& events) {
    if (update_->outcome.fate == SimFate::dies && update_->chunk + 1 == update_->chunks.size()) {
      install(events);
      return fall_silent(running_version(), events);
    }
    (void)post(transport, update_->root,
               feedback(update_->action, 0, 0, "none", "proceeding",
                        {"Software Update started !",
                         "[network_initializer] : Valid image found: copying to FLASH",
                         "Installation in progress", "SWUPDATE successful !"}));
    if (++update_->file < update_->current().files.size()) return go_on(Next::head);
    return go_on(Next::chunk_done);
  }

  bool chunk_done(const Transport& transport) {
    ++update_->chunk;
    (void)post(transport, update_->root,
               feedback(update_->action, update_->chunk, update_->chunks.size(), "none",
                        "proceeding", {"Installed Chunk."}));
    update_->file = 0;
    return go_on(update_->chunk < update_->chunks.size() ? Next::announce : Next::all_done);
  }

  bool all_done(const Transport& transport, Events& events) {
    const size_t count = update_->chunks.size();
    (void)post(
        transport, update_->root,
        feedback(update_->action, count, count, "none", "proceeding", {"All Chunks Installed."}));
    kept_action_ = update_->action;
    outcome_ = update_->outcome;
    if (fails_in(SimPhase::after_install)) {
      // What was started does not run: the old image does, again.
      events.push_back({"fail", std::string(domain::name_of(outcome_.failure))});
      kept_ = Kept::failed;
    } else {
      install(events);
      kept_ = Kept::installed;
    }
    restart();
    return true;
  }

  void install(Events& events) {
    for (const SimChunk& chunk : update_->chunks) {
      const auto at = std::find_if(components_.begin(), components_.end(), [&](const auto& known) {
        const std::string_view slot = known.first;
        return slot.substr(0, slot.find('/')) == chunk.name;
      });
      auto& component = at == components_.end() ? components_.front() : *at;
      component.second = chunk.version;
    }
    image_sha256_ = update_->image_sha256;
    events.push_back({"install", "runs " + running_version()});
  }

  // Attributes are sent after each.
  void restart() {
    update_.reset();
    seen_ = false;
    told_ = false;
    configure_ = true;
    go_on(Next::poll);
  }

  // server_handle_initial_state()
  bool result(const Transport& transport, Events& events) {
    const bool good = kept_ == Kept::installed;
    std::vector<std::string> details{good ? "Update Installed." : "Update Failed."};
    if (!good && outcome_.failure == domain::FailureClass::boot) {
      details.emplace_back(complaint_of(outcome_.failure));
    }
    const auto reply =
        post(transport, update_->root,
             feedback(kept_action_, 0, 0, good ? "success" : "failure", "closed", details));
    if (!reply) return lost(events, "feedback: " + reply.error().message);
    kept_ = Kept::nothing;
    if (reply->status != 200) {
      return give_up(events, "feedback: status " + std::to_string(reply->status));
    }
    events.push_back({"report", std::to_string(kept_action_) +
                                    (good ? " closed, success" : " closed, failure")});
    if (outcome_.fate == SimFate::vanishes) return fall_silent(running_version(), events);
    unwell_ = outcome_.fate == SimFate::unwell;
    outcome_ = {};
    update_.reset();
    return go_on(Next::poll);
  }

  base::Time now_;
  base::Time polled_at_;
  std::unique_ptr<SimUpdate> update_;
  std::vector<std::pair<std::string, std::string>> components_;  // slot, version
  std::string href_;                                             // the link it follows now
  std::string stop_id_;                                          // of a cancellation
  std::string image_sha256_;                                     // raw
  SimOutcome outcome_;  // of the update that the result is about
  int64_t kept_action_ = 0;
  int64_t denied_ = 0;
  int64_t sleep_s_ = kOwnSleepSeconds;
  int tries_ = 0;
  Next next_ = Next::poll;
  Kept kept_ = Kept::nothing;
  bool configure_ = true;  // attributes are due
  bool seen_ = false;      // the update was there at the poll before
  bool told_ = false;      // that it checks: once before each rest or restart
  bool denies_ = false;
  bool unwell_ = false;
};

}  // namespace
}  // namespace hawkbit

std::unique_ptr<SimDevice> make_hawkbit_device(SimIdentity identity) {
  return std::make_unique<hawkbit::DdiDevice>(std::move(identity));
}

}  // namespace otaru::dialect
