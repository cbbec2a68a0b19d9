// SPDX-License-Identifier: Apache-2.0
// `otaru event watch`: the stream of events (server-sent events, WHATWG HTML 9.2.6), which goes on
// where it was when the connection or the server comes back.
#include <cstdio>

#include "base/encoding.h"
#include "cli/process.h"
#include "cli/special.h"

namespace otaru::cli {
namespace {

constexpr int64_t kRetryMs = 2'000;
constexpr size_t kLineBytesMax = 1 << 20;

class Watch {
 public:
  explicit Watch(Session& session) : session_(session) {}

  const std::string& last_id() const { return last_id_; }
  bool refused() const { return refused_; }

  // Bytes of the stream; false: nobody reads our output any more.
  bool take(std::string_view bytes) {
    pending_ += bytes;
    if (pending_.size() > kLineBytesMax) return false;
    for (size_t end = 0; (end = pending_.find('\n')) != std::string::npos;) {
      const std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      take_line(line);
    }
    return !output_broken();
  }
  void begin() {
    pending_.clear();
    type_.clear();
    data_.clear();
  }

 private:
  void take_line(std::string_view line) {
    if (line.empty()) return dispatch();
    const size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "id") last_id_ = value;
    if (name == "event") type_ = value;
    if (name == "data") data_ = value;
  }

  void dispatch() {
    if (!data_.empty()) show();
    std::fflush(stdout);  // a program may read it, and waits for this one
    type_.clear();
    data_.clear();
  }

  void show() {
    const auto document = base::JsonDocument::parse(data_);
    if (!document) return;
    const auto root = document->root();
    if (type_ == "cut") {
      refused_ = root.find("reason").text().value_or("") == "forbidden";
      return;
    }
    if (session_.json) {
      emit(json_line(root) + "\n");
      return;
    }
    if (type_ == "gap") {
      emit("-- events behind " + printable(root.find("after").text().value_or("")) +
           " are no longer kept --\n");
      return;
    }
    std::string line(root.find("at").text().value_or(""));
    line += "  " + std::string(root.find("type").text().value_or(""));
    const auto data = root.find("data");
    for (size_t i = 0; i < data.size(); ++i) {
      const std::string value = value_text(data.at(i));
      if (!value.empty()) line += "  " + std::string(data.key_at(i)) + "=" + value;
    }
    emit(printable(line) + "\n");
  }

  Session& session_;
  std::string pending_;
  std::string type_;
  std::string data_;
  std::string last_id_;
  bool refused_ = false;
};

base::Result<std::string> stream_path(const WatchEventsArgs& args, Session& session) {
  std::string path = "/api/v1/events/stream";
  const auto add = [&path](const char* name, const std::string& value) {
    path += path.find('?') == std::string::npos ? '?' : '&';
    path += std::string(name) + "=" + base::percent_encode(value);
  };
  std::string types;
  for (const auto& type : args.types) types += (types.empty() ? "" : ",") + type;
  if (!types.empty()) add("types", types);
  if (!args.tenant.empty()) add("tenant", args.tenant);
  if (!args.device.empty()) add("device", args.device);
  if (!args.deployment.empty()) {
    OTARU_TRY(id, resolve(Names::deployment, args.deployment, session.client));
    add("deployment", std::to_string(id));
  }
  if (!args.since.empty()) add("last_event_id", args.since);
  return path;
}

}  // namespace

int watch_events(const WatchEventsArgs& args, Session& session) {
  catch_interrupts();
  const auto path = stream_path(args, session);
  if (!path) return print_error(path.error());
  Watch watch(session);
  for (bool connected = false; !interrupted() && !output_broken();) {
    ApiRequest request;
    request.path = *path;
    request.endless = true;
    if (!watch.last_id().empty()) request.headers["Last-Event-ID"] = watch.last_id();
    watch.begin();
    request.write = [&watch](std::string_view bytes) { return watch.take(bytes); };
    const auto reply = session.client.send(request);
    if (interrupted() || output_broken()) break;
    if (!reply && !connected && watch.last_id().empty()) return print_error(reply.error());
    connected = true;
    // What the server says no to will not become a yes by asking again.
    if (reply && reply->status >= 400 && reply->status < 500 && reply->status != 429) {
      return print_refusal(*reply);
    }
    if (watch.refused()) {
      return print_error({base::Code::unauthenticated, "the key is no longer valid", {}});
    }
    wait_ms(kRetryMs);
  }
  // Ctrl-C is how watching ends.
  return kExitOk;
}

}  // namespace otaru::cli
