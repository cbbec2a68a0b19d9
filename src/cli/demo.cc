// SPDX-License-Identifier: Apache-2.0
// `otaru demo`: real firmware is published, and simulated devices of each protocol check, download,
// verify, install and report, step by step.
#include <cstdio>
#include <filesystem>

#include "base/encoding.h"
#include "base/random.h"
#include "base/time.h"
#include "cli/demo_files.h"
#include "cli/demo_server.h"
#include "cli/process.h"
#include "cli/special.h"
#include "sim/socket_transport.h"

namespace otaru::cli {
namespace {

using base::Code;

// An update of the largest file in the smallest slices stays far below.
constexpr int kStepsMax = 20'000;
constexpr int kProductTries = 5;

// One protocol's part of the demonstration.
struct Scene {
  const char* dialect;
  const char* title;
  size_t firmware;  // index of the pair of files
  const char* product_body;
  const char* product;
  const char* older;
  const char* newer;
  const char* slot;
  std::vector<std::pair<std::string, std::string>> words;
  int devices = 1;
};

// What a gateway shows to be itself; each has its own.
std::string gateway_token(const std::string& key) {
  return base::base64("token of gateway " + key);
}

std::vector<Scene> scenes(const std::string& onenet_product, const std::string& access_key) {
  return {
      {"onenet",
       "OneNET: NB-IoT module M5310",
       0,
       R"({"name":"M5310","manufacturer":"001","module":"00107"})",
       "M5310",
       "1.2",
       "1.3",
       "firmware",
       {{"pid", onenet_product},
        {"access_key", access_key},
        {"manuf", "001"},
        {"model", "00107"},
        {"type", "1"},
        {"version", "1.2"}}},
      {"oomi",
       "OOMI: Cube, its application",
       1,
       R"({"name":"OOMI_Cube_APP","model":"1","hw_version":"V1.0.0.0",)"
       R"("version_pattern":"V#N.#N.#N.#N"})",
       "OOMI_Cube_APP",
       "V2.0.5.8",
       "V2.0.6.9",
       "OOMI_Cube_APP",
       {{"product", "OOMI_Cube_APP"}, {"version", "V2.0.5.8"}}},
      {"ubtech",
       "UBTech: robot, a service",
       2,
       R"({"name":"com.ubtechinc.alpha2services","model":"service5mic",)"
       R"("version_scheme":"integer"})",
       "com.ubtechinc.alpha2services",
       "17",
       "18",
       "com.ubtechinc.alpha2services/service5mic",
       {{"client_id", "mobile_1"},
        {"client_secret", "secret_1"},
        {"username", "aa"},
        {"password", "aa"},
        {"package_name", "com.ubtechinc.alpha2services"},
        {"file_name", "service5mic"},
        {"language", "CN"},
        {"robot_version", "1"},
        {"version", "17"}}},
      {"hawkbit",
       "hawkBit DDI: embedded Linux gateways with SWUpdate",
       1,
       R"({"name":"gateway-os"})",
       "gateway-os",
       "1.2.0",
       "1.3.0",
       "gateway-os",
       {{"product", "gateway-os"}, {"version", "1.2.0"}, {"attr.hw_revision", "1.0"}},
       3},
      {"oomi",
       "OOMI: Touch, a kit (big version)",
       3,
       R"({"name":"OOMI_Touch_Firmware","model":"1","hw_version":"V1.0.0.0",)"
       R"("version_pattern":"V#N.#N.#N.#N"})",
       "OOMI_Touch_Firmware",
       "V1.0.0.18",
       "V1.0.0.19",
       "",
       {{"product", "OOMI_Kit"}, {"version", "2.0.6.10"}, {"account", "111"}}},
  };
}

class Demo {
 public:
  // `own`: the server is the demonstration's, with nobody else's devices on it.
  Demo(const Connection& connection, bool own, const Hooks& hooks, bool json)
      : client_(connection.server, connection.key),
        session_{client_, json, false},
        hooks_(hooks),
        server_(connection.server),
        own_(own) {}

  base::Status run(const std::vector<FirmwarePair>& firmware) {
    OTARU_TRY(where, sim::parse_endpoint(server_));
    OTARU_CHECK(load_credentials());
    for (const auto& scene : scenes(onenet_product_, access_key_)) {
      const bool kit = std::string_view(scene.slot).empty();
      // Who asks for a kit does not say which device it is: on a server with real devices on it the
      // offer could not be kept from them.
      if (kit && !own_) continue;
      say("");
      say(scene.title);
      const FirmwarePair& pair = firmware[scene.firmware];
      OTARU_TRY(product, product_of(scene));
      say("  firmware from " + pair.origin);
      OTARU_CHECK(publish_file(product, scene.older, file_name(scene, pair.older, scene.older),
                               pair.older));
      OTARU_CHECK(publish_file(product, scene.newer, file_name(scene, pair.newer, scene.newer),
                               pair.newer));
      if (kit) OTARU_CHECK(publish_kit(scene));
      for (int i = 0; i < scene.devices; ++i) OTARU_CHECK(drive(scene, product, where));
    }
    say("");
    say(std::to_string(done_) + " devices updated and verified.");
    return {};
  }

 private:
  void say(const std::string& line) const {
    if (!session_.json) emit(line + "\n");
    std::fflush(stdout);
  }

  // For programs every step; for people a download is one line, however many slices it takes.
  void note(const Scene& scene, const std::string& key, const dialect::SimEvent& event) {
    if (session_.json) {
      base::JsonWriter line;
      line.begin_object();
      line.member("protocol", std::string(scene.dialect));
      line.member("device", key);
      line.member("step", event.step);
      line.member("detail", event.detail);
      line.end_object();
      emit(line.text() + "\n");
      return;
    }
    if (event.step == "download") {
      ++slices_;
      last_slice_ = event.detail;
      return;
    }
    if (slices_ > 0) {
      const std::string requests = slices_ == 1 ? "" : ", " + std::to_string(slices_) + " requests";
      say_step("download", last_slice_ + requests);
    }
    slices_ = 0;
    say_step(event.step, event.detail);
  }

  void say_step(const std::string& step, const std::string& detail) const {
    char head[32];
    std::snprintf(head, sizeof head, "    %-10s", step.c_str());
    say(head + printable(detail));
  }

  void say_fact(const Scene& scene, const std::string& key, const std::string& step,
                const std::string& detail) {
    if (session_.json) {
      note(scene, key, {step, detail});
    } else {
      say("  " + step + ": " + detail);
    }
  }

  // UBTech robots read the version out of the file's name, as the vendor's files have it.
  static std::string file_name(const Scene& scene, const std::string& path,
                               const std::string& version) {
    const std::string name = std::filesystem::path(path).filename().string();
    if (std::string_view(scene.dialect) == "ubtech") return "service5mic--" + version + "--" + name;
    return std::string(scene.product) + "-" + version + "-" + name;
  }

  // Posts unless it is there already: the demonstration can run twice on one server.
  base::Result<bool> post_once(const std::string& path, const std::string& body) {
    ApiRequest request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    OTARU_TRY(reply, client_.send(request));
    if (reply.good()) {
      last_ = reply.body;
      return true;
    }
    if (reply.status == 409) return false;
    const auto document = base::JsonDocument::parse(reply.body);
    const auto detail = document ? document->root().find("detail").text() : std::nullopt;
    return base::fail(Code::conflict,
                      path + ": " + (detail ? std::string(*detail) : std::to_string(reply.status)));
  }

  base::Status load_credentials() {
    base::SecureRandom random;
    std::string key = random.bytes(32);
    for (char& c : key) {
      if (c == '\0') c = 'o';
    }
    access_key_ = base::base64(key);
    // The vendor's example product, or another where a server knows that one already.
    for (int tries = 0; tries < kProductTries; ++tries) {
      if (tries > 0) onenet_product_ = std::to_string(200'000 + random.below(800'000));
      OTARU_TRY(made, post_once("/api/v1/credentials", R"({"kind":"onenet_product","name":")" +
                                                           onenet_product_ + R"(","secret":")" +
                                                           access_key_ + "\"}"));
      if (made) break;
    }
    OTARU_CHECK(post_once("/api/v1/credentials",
                          R"({"kind":"oauth_client","name":"mobile_1","secret":"secret_1"})"));
    OTARU_CHECK(
        post_once("/api/v1/credentials", R"({"kind":"oauth_user","name":"aa","secret":"aa"})"));
    return {};
  }

  base::Result<int64_t> product_of(const Scene& scene) {
    OTARU_CHECK(post_once("/api/v1/products", scene.product_body));
    return resolve(Names::product, scene.product, client_);
  }

  base::Status publish_file(int64_t product, const std::string& version, const std::string& name,
                            const std::string& path) {
    base::JsonWriter body;
    body.begin_object();
    body.member("product", product);
    body.member("version", version);
    body.member("channel", std::string(channel()));
    body.end_object();
    OTARU_TRY(made, post_once("/api/v1/releases", body.take()));
    if (!made) {
      say("  version " + version + " is there already");
      return {};
    }
    OTARU_TRY(release, base::JsonDocument::parse(last_));
    const int64_t id = release.root().find("id").integer().value_or(0);
    UploadArgs upload;
    upload.file = path;
    upload.file_name = name;
    OTARU_TRY(uploaded, upload_file(upload, session_));
    base::JsonWriter package;
    package.begin_object();
    package.member("release", id);
    package.member("upload", uploaded);
    package.end_object();
    OTARU_TRY(added, call(client_, "POST", "/api/v1/packages", package.take()));
    OTARU_CHECK(call(client_, "POST", "/api/v1/releases/" + std::to_string(id) + "/publish"));
    const auto root = added.root();
    say("  published " + version + ": " + name + ", " +
        human_bytes(root.find("size_bytes").integer().value_or(0)) + ", md5 " +
        value_text(root.find("md5")));
    return {};
  }

  base::Status publish_kit(const Scene& scene) {
    OTARU_TRY(release,
              resolve(Names::release, std::string(scene.product) + "@" + scene.newer, client_));
    OTARU_TRY(made, post_once("/api/v1/kits", R"({"version":"2.0.6.11","releases":[)" +
                                                  std::to_string(release) + "]}"));
    if (!made) return {};
    OTARU_TRY(kit, base::JsonDocument::parse(last_));
    OTARU_CHECK(
        call(client_, "POST", "/api/v1/kits/" + value_text(kit.root().find("id")) + "/publish"));
    say("  published kit 2.0.6.11");
    return {};
  }

  // On a server of its own: everything for everyone. On somebody's: from a channel of its own, for
  // this one device.
  const char* channel() const { return own_ ? "stable" : "demo"; }

  base::Status deploy(const std::string& key) {
    if (own_ && deployed_) return {};
    deployed_ = true;
    base::JsonWriter body;
    body.begin_object();
    body.member("name", "demo: newest " + std::string(channel()) + " for " +
                            (own_ ? "everyone" : "device " + key));
    body.key("target");
    body.begin_object();
    body.member("newest_in_channel", std::string(channel()));
    body.end_object();
    if (!own_) {
      body.key("devices");
      body.begin_array();
      body.value(key);
      body.end_array();
    }
    body.end_object();
    OTARU_TRY(deployment, call(client_, "POST", "/api/v1/deployments", body.take()));
    const std::string id = value_text(deployment.root().find("id"));
    OTARU_CHECK(call(client_, "POST", "/api/v1/deployments/" + id + "/start"));
    say("  deployment " + id + " is running: the newest release of channel " + channel() +
        (own_ ? ", for everyone" : ", for this device only"));
    return {};
  }

  // What the decision is and why, in one sentence, before a byte has moved or after all have.
  base::Status explain(const Scene& scene, const std::string& key, int64_t product,
                       const std::string& version) {
    OTARU_TRY(why, call(client_, "GET",
                        "/api/v1/devices/" + key + "/explain?product=" + std::to_string(product) +
                            "&version=" + base::percent_encode(version)));
    say_fact(scene, key, "explain",
             value_text(member_at(why.root().find("items").at(0), "sentence.en")));
    return {};
  }

  base::Status register_device(const Scene& scene, dialect::SimIdentity& identity) {
    base::JsonWriter body;
    body.begin_object();
    body.member("key", identity.key);
    if (std::string_view(scene.dialect) == "hawkbit") {
      identity.words.emplace_back("token", gateway_token(identity.key));
      body.member("secret", identity.words.back().second);
    }
    body.end_object();
    OTARU_CHECK(post_once("/api/v1/devices", body.take()));
    return {};
  }

  base::Status drive(const Scene& scene, int64_t product, const sim::Endpoint& where) {
    base::SecureRandom random;
    dialect::SimIdentity identity;
    // A OneNET dev_id is a number; a guid has 32 hex digits.
    identity.key = std::to_string(1'000'000 + random.below(9'000'000));
    if (std::string_view(scene.dialect) == "oomi") identity.key = base::hex_upper(random.bytes(16));
    identity.host = where.host + ":" + where.port;
    identity.words = scene.words;
    const std::string key = identity.key;
    const bool kit = std::string_view(scene.slot).empty();
    if (!kit) OTARU_CHECK(register_device(scene, identity));
    OTARU_CHECK(deploy(key));
    const auto device = hooks_.make_device(scene.dialect, std::move(identity));
    if (!device) return base::fail(Code::internal, "a simulated device is missing");
    say("  device " + key + " runs " + device->running_version());
    if (!kit) OTARU_CHECK(explain(scene, key, product, scene.older));
    sim::SocketTransport network(where);
    const dialect::Transport transport = [&](const std::string& bytes) {
      return network.exchange(bytes);
    };
    std::vector<dialect::SimEvent> events;
    const auto step = [&] {
      events.clear();
      const bool busy = device->step(transport, base::SystemClock().now(), random, events);
      for (const auto& event : events) note(scene, key, event);
      return busy;
    };
    for (int steps = 0; steps < kStepsMax && step(); ++steps) {
      if (interrupted() || output_broken()) return base::fail(Code::timeout, "interrupted");
    }
    // One more poll: a device that only states its version completes its task with that.
    device->step(transport, base::SystemClock().now(), random, events);
    OTARU_CHECK(verify(scene, key, *device));
    return kit ? base::Status() : explain(scene, key, product, scene.newer);
  }

  base::Status verify(const Scene& scene, const std::string& key,
                      const dialect::SimDevice& device) {
    const bool kit = std::string_view(scene.slot).empty();
    const std::string wanted = kit ? "2.0.6.11" : scene.newer;
    if (device.running_version() != wanted) {
      return base::fail(Code::conflict, std::string(scene.title) + ": the device runs " +
                                            device.running_version() + ", not " + wanted);
    }
    ++done_;
    if (kit) return {};  // a kit check names no device
    OTARU_TRY(tasks, call(client_, "GET", "/api/v1/devices/" + key + "/tasks"));
    const auto task = tasks.root().find("items").at(0);
    if (task.find("state").text().value_or("") != "succeeded") {
      return base::fail(Code::conflict, std::string(scene.title) + ": the task is " +
                                            value_text(task.find("state")));
    }
    say_fact(scene, key, "task",
             value_text(task.find("id")) + " succeeded: " + value_text(task.find("from_version")) +
                 " -> " + value_text(task.find("target_version")));
    return {};
  }

  Client client_;
  Session session_;
  const Hooks& hooks_;
  std::string server_;
  bool own_;
  std::string onenet_product_ = "123123";
  std::string access_key_;
  std::string last_;  // body of the last thing made
  std::string last_slice_;
  int slices_ = 0;
  bool deployed_ = false;
  int done_ = 0;
};

base::Status run_demo(const DemoArgs& args, const Hooks& hooks, bool json) {
  DemoServer own;
  OTARU_CHECK(own.make_folder());
  auto firmware =
      args.folder.empty() ? debian_firmware(own.folder(), !json) : folder_firmware(args.folder);
  if (!firmware) return base::fail(firmware.error());
  Connection connection;
  if (args.server.empty()) {
    OTARU_TRY(started, own.start());
    connection = started;
  } else {
    OTARU_TRY(given, find_connection({args.server, args.key, ""}, process_environment()));
    connection = given;
  }
  if (!json) {
    std::printf("Server: %s%s\n", connection.server.c_str(),
                args.server.empty() ? ", the demonstration's own" : "");
    if (args.folder.empty()) {
      std::printf("Each Debian package carries one version; two of its files stand for two.\n");
    }
  }
  Demo demo(connection, args.server.empty(), hooks, json);
  OTARU_CHECK(demo.run(*firmware));
  if (args.keep && args.server.empty()) {
    own.keep();
    if (!json) {
      std::printf(
          "Kept. Go on with:\n  otaru serve --data %s/data\n  OTARU_KEY=$(cat %s/key) "
          "otaru task list\n",
          own.folder().c_str(), own.folder().c_str());
    }
  }
  return {};
}

}  // namespace

int demo(const DemoArgs& args, const Hooks& hooks, bool json) {
  catch_interrupts();
  const base::Status done = run_demo(args, hooks, json);
  return done ? kExitOk : print_error(done.error());
}

}  // namespace otaru::cli
