// SPDX-License-Identifier: Apache-2.0
// The dialect in a whole server: transcripts, what a request leaves behind, simulated devices.
#include "dialect/oomi/oomi.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "dialect/oomi/fixture.h"
#include "tests/support/transcript.h"
#include "tests/support/world.h"

namespace otaru::dialect::oomi {
namespace {

const std::string kTestdata = OTARU_SOURCE_DIR "/src/dialect/oomi/testdata";

tests::MakeTranscriptWorld transcript_world(OomiConfig config, Fixture options,
                                            std::string_view known_guid = {}) {
  return [config, options, known_guid] {
    auto world = make_world(config, options);
    if (!known_guid.empty()) {
      domain::Device device;
      device.id = domain::DeviceId{domain::bucket_for(domain::kDefaultTenant, known_guid) + 256};
      device.tenant = domain::kDefaultTenant;
      device.key = std::string(known_guid);
      device.door = "operator";
      world->put_device(device);
    }
    tests::TranscriptWorld out;
    out.exchange = [world](std::string_view bytes) { return world->exchange(bytes); };
    out.advance = [world](int64_t ms) { world->advance(ms); };
    return out;
  };
}

OomiConfig enforcing() {
  OomiConfig config;
  config.enforce_cookies = true;
  return config;
}
OomiConfig with_extras() {
  OomiConfig config;
  config.kit_extras = true;
  return config;
}
OomiConfig without_url() {
  OomiConfig config;
  config.url_in_check = false;
  return config;
}

// A standing deployment that starts in an hour.
tests::TranscriptWorld waiting_world() {
  auto world = make_world();
  auto rows = world->engine().snapshot()->rows();
  for (auto& row : rows.deployments) row.starts_at = tests::kWorldStart + base::kHourMs;
  world->load(rows);
  tests::TranscriptWorld out;
  out.exchange = [world](std::string_view bytes) { return world->exchange(bytes); };
  out.advance = [world](int64_t ms) { world->advance(ms); };
  return out;
}

[[maybe_unused]] const bool kRegistered[] = {
    tests::register_transcripts("oomi_waits", kTestdata + "/waits", waiting_world),
    tests::register_transcripts("oomi", kTestdata, transcript_world({}, {})),
    tests::register_transcripts("oomi_enforced", kTestdata + "/enforced",
                                transcript_world(enforcing(), {}, kGuid)),
    tests::register_transcripts("oomi_login", kTestdata + "/login",
                                transcript_world({}, Fixture{true})),
    tests::register_transcripts("oomi_extras", kTestdata + "/extras",
                                transcript_world(with_extras(), {})),
    tests::register_transcripts("oomi_no_url", kTestdata + "/no_url",
                                transcript_world(without_url(), {})),
};

std::string post(const std::string& path, const std::string& body, const std::string& cookie = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" +
         (cookie.empty() ? "" : "Cookie: " + cookie + "\r\n") +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string check(tests::World& world, const std::string& guid, const std::string& name,
                  const std::string& version) {
  return world.exchange(
      post("/ota/integration/check", R"({"guid":")" + guid + R"(","firmwares":[{"name":")" + name +
                                         R"(","swVersion":")" + version + R"("}]})"));
}

size_t dump_size(tests::World& world) {
  return world.store().dump()->size();
}

TEST(Oomi, AnOfferToADeviceIsATaskThatItsNextVersionEnds) {
  auto world = make_world();
  check(*world, "CUBE", "OOMI_Cube_APP", "V2.0.5.8");
  auto device = world->device("CUBE");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->door, "oomi");
  ASSERT_EQ(device->components.size(), 1u);
  EXPECT_EQ(device->components[0].slot, "OOMI_Cube_APP");
  EXPECT_EQ(device->components[0].version, "V2.0.5.8");
  ASSERT_EQ(device->tasks.size(), 1u);
  EXPECT_EQ(device->tasks[0].state, domain::TaskState::pending);
  EXPECT_EQ(device->tasks[0].target_version, "V2.0.6.9");
  check(*world, "CUBE", "OOMI_Cube_APP", "V2.0.5.8");
  EXPECT_EQ(world->device("CUBE")->tasks.size(), 1u) << "asking again goes on with the same task";
  check(*world, "CUBE", "OOMI_Cube_APP", "2.0.6.9");
  device = world->device("CUBE");
  ASSERT_EQ(device->tasks.size(), 1u);
  EXPECT_EQ(device->tasks[0].state, domain::TaskState::succeeded);
  EXPECT_EQ(device->components[0].version, "2.0.6.9");
}

TEST(Oomi, VariantsAreComponentsOfTheirOwn) {
  auto world = make_world();
  world->exchange(post("/ota/integration/check",
                       R"({"firmwares":[{"name":"OOMI_Cube_Zwave","feature":"zwave_freq_29",)"
                       R"("swVersion":"V1.0"}]})",
                       "guid=CUBE"));
  const auto device = world->device("CUBE");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->components.at(0).slot, "OOMI_Cube_Zwave/zwave_freq_29");
  EXPECT_EQ(device->components.at(0).product, domain::ProductId{19});
}

TEST(Oomi, AReinstallIsListedButIsNoTask) {
  auto world = make_world();
  for (int i = 0; i < 3; ++i) {
    const std::string answer = check(*world, "CUBE", "OOMI_Cube_IR", "V1.1.0.0");
    EXPECT_NE(answer.find("\"needUpgrade\":true"), std::string::npos);
  }
  const auto device = world->device("CUBE");
  ASSERT_TRUE(device);
  EXPECT_TRUE(device->tasks.empty());
}

TEST(Oomi, AnonymousAndWrongRequestsWriteNothing) {
  auto world = make_world();
  const size_t before = dump_size(*world);
  check(*world, "", "OOMI_Cube_APP", "V2.0.5.8");
  check(*world, "CUBE", "OOMI_Cube_APP", "nonsense");
  check(*world, "CUBE WITH BLANKS", "OOMI_Cube_APP", "V1");
  world->exchange(post("/ota/integration/check",
                       R"({"firmwares":[{"name":"OOMI_Cube_APP","swVersion":"V1"},)"
                       R"({"name":"OOMI_Cube_IR","swVersion":"bad"}]})",
                       "guid=CUBE"));
  world->exchange(post("/firmwares/all",
                       R"({"firmwareCondForms":[)"
                       R"({"product":"OOMI_Cube_APP","model":"1","currentSwVersion":"V1"},)"
                       R"({"product":"OOMI_Cube_IR","model":"1","currentSwVersion":"bad"}]})",
                       "guid=CUBE"));
  world->exchange(
      post("/firmware-package-kit/check_update", R"({"accountId":1,"version":"V1"})", "guid=CUBE"));
  EXPECT_EQ(dump_size(*world), before);
  EXPECT_FALSE(world->device("CUBE"));
}

TEST(Oomi, AnEmptyCurrentVersionIsNotRecorded) {
  auto world = make_world();
  check(*world, "CUBE", "OOMI_Cube_APP", "V2.0.5.8");
  const std::string detail = world->exchange(
      post("/firmwares/detail",
           R"({"product":"OOMI_Cube_APP","oldSwVersion":"V0.0.0.0","currentSwVersion":""})",
           "guid=CUBE"));
  EXPECT_NE(detail.find("\"swVersion\":\"V2.0.6.9\""), std::string::npos);
  const auto device = world->device("CUBE");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->components.at(0).version, "V2.0.5.8");
  EXPECT_EQ(device->tasks.size(), 1u);
}

TEST(Oomi, ABodyInChunksIsABody) {
  auto world = make_world();
  const std::string answer = world->exchange(
      "POST /ota/integration/check HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\n{\"firmwa\r\n8;x=y\r\nres\":[]}\r\n0\r\n\r\n");
  EXPECT_NE(answer.find("\"firmwares\":[]"), std::string::npos) << answer;
}

TEST(Oomi, ABodyOverTheLimitIsRefusedInTheVendorsWords) {
  auto world = make_world();
  const std::string answer =
      world->exchange(post("/ota/integration/check", std::string(300'000, ' ')));
  EXPECT_EQ(answer.substr(9, 3), "413");
  EXPECT_NE(answer.find(R"({"code":"4","note":"PARAMETER_ERROR"})"), std::string::npos);
}

TEST(Oomi, TheSealedLinkThatWasGivenOutWorks) {
  auto world = make_world();
  const std::string answer = world->exchange(post(
      "/firmwares/detail", R"({"product":"OOMI_Cube_APP","oldSwVersion":"","currentSwVersion":"",)"
                           R"("accountId":222})"));
  const size_t at = answer.find("http://h/firmware/");
  ASSERT_NE(at, std::string::npos) << answer;
  const std::string path = answer.substr(at + 8, answer.find('"', at) - at - 8);
  const auto reply =
      tests::parse_reply(world->exchange("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, blob_bytes(1012, 2048));
}

TEST(Oomi, ADeviceThatIsBlockedGetsNothing) {
  auto world = make_world();
  domain::Device device;
  device.id = domain::DeviceId{domain::bucket_for(domain::kDefaultTenant, kGuid) + 256};
  device.tenant = domain::kDefaultTenant;
  device.key = std::string(kGuid);
  device.blocked = true;
  world->put_device(device);
  EXPECT_NE(check(*world, std::string(kGuid), "OOMI_Cube_APP", "V1").find("\"firmwares\":[]"),
            std::string::npos);
  const std::string kit = world->exchange(post("/firmware-package-kit/check_update",
                                               R"({"accountId":111,"version":"V0.0.1"})",
                                               "guid=" + std::string(kGuid)));
  EXPECT_NE(kit.find("\"603\""), std::string::npos);
}

TEST(Oomi, HiddenAndRevokedPackagesAreGone) {
  auto world = std::make_shared<tests::World>();
  domain::CatalogueRows rows = fixture_rows(*world);
  for (auto& package : rows.packages) {
    if (package.id.value == 1002) package.hidden = true;
  }
  for (auto& release : rows.releases) {
    if (release.id.value == 106) release.state = domain::ReleaseState::revoked;
  }
  world->load(rows);
  world->add(make_oomi({}, world->secrets()));
  const auto status = [&](const std::string& path) {
    return world->exchange("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n").substr(9, 3);
  };
  EXPECT_EQ(status("/firmware/OOMI_Cube_APP/1/V1-0-0-0/OOMI_Cube_APP-V0.0.0.0-V2.0.6.9-1002.apk"),
            "404");
  EXPECT_EQ(status("/firmware/OOMI_Cube_IR/1/V1-0-0-0/OOMI_Cube_IR-V0.0.0.0-V1.1.0.0-1006.zip"),
            "404");
  EXPECT_EQ(status("/firmware/OOMI_Touch_APP/1/V1-0-0-0/"
                   "OOMI_Touch_APP-V0.0.0.0-V2.0.6.6-1005.apk"),
            "200");
}

// Requests that are nearly right: whatever a few changed bytes make of them, the answer is one of
// the vendor's, and one that blames the request leaves nothing behind.
struct Nearly {
  const char* method;
  const char* target;
  const char* body;
};
constexpr Nearly kNearly[] = {
    {"POST", "/ota/integration/check",
     R"({"firmwares":[{"feature":"","hwVersion":"1.1.0.2","model":"1","name":"OOMI_Cube_APP",)"
     R"("swVersion":"V2.0.5.8"}],"guid":"","model":"1","product":"OOMI_CUBE"})"},
    {"POST", "/firmware-package-kit/check_update", R"({"accountId":111,"version":"V0.0.1"})"},
    {"POST", "/firmware-package-kit/pegging",
     R"([{"feature":"V1.0.0.0","model":1,"product":"OOMI_Cube_APP","sn":"","swVersion":"V2"}])"},
    {"POST", "/firmware-package-kit/detail", R"({"id":190,"accountId":"222"})"},
    {"POST", "/firmwares/detail",
     R"({"product":"OOMI_Cube_Zwave","feature":"zwave_freq_29","oldSwVersion":"V0.0.0.0",)"
     R"("currentSwVersion":"V1.0.0.0","accountId":1})"},
    {"POST", "/firmwares/all",
     R"({"firmwareCondForms":[{"accountId":1,"product":"OOMI_Cube_APP","model":"1",)"
     R"("feature":"","currentSwVersion":"V2.0.5.8","isHSLTouch":"true"}]})"},
    {"GET", "/retrieve?product=prosyst&model=1&currentSwVersion=1.1.0.1&accountId=85", ""},
    {"GET", "/firmwareRetrieve?product=OOMI_Cube_APP&model=1&currentSwVersion=V2.0.5.8", ""},
    {"GET", "/firmwares/swVersion?oomiCubeVersion=00.10&prosystVersion=1.0.0.4", ""},
    {"GET", "/firmware/OOMI_Cube_Delta/1/V1-0-0-0/OOMI_Cube_Delta-V1.5.0.0-V2.0.0.0-1014.zip", ""},
};

std::string damaged(std::string text, base::Random& random, std::string_view alphabet) {
  const uint64_t changes = 1 + random.below(3);
  for (uint64_t i = 0; i < changes && !text.empty(); ++i) {
    const size_t at = random.below(text.size());
    const char c = alphabet.empty() ? static_cast<char>(random.below(256))
                                    : alphabet[random.below(alphabet.size())];
    switch (random.below(4)) {
      case 0:
        text.insert(at, 1, c);
        break;
      case 1:
        text.erase(at, 1 + random.below(4));
        break;
      case 2:
        text.insert(at, text.substr(random.below(text.size()), 1 + random.below(20)));
        break;
      default:
        text[at] = c;
        break;
    }
  }
  return text;
}

TEST(Oomi, DamagedRequestsAreAnsweredAndLeaveNothing) {
  auto world = make_world();
  int blamed = 0;
  for (int i = 0; i < 4000; ++i) {
    const Nearly& nearly = kNearly[static_cast<size_t>(i) % std::size(kNearly)];
    std::string target = nearly.target;
    std::string body = nearly.body;
    if (body.empty()) {
      const size_t keep = target.find_first_of("?1") + 1;
      target =
          target.substr(0, keep) + damaged(target.substr(keep), world->random(), "0aZ%.-_/&=+?;%f");
    } else {
      body = damaged(body, world->random(), i % 3 == 0 ? "" : "\"{}[]:,\\0129eEtrufalsn.-V");
    }
    const std::string guid = "M" + std::to_string(i);
    const std::string answer = world->exchange(
        std::string(nearly.method) + " " + target + " HTTP/1.1\r\nHost: h\r\nCookie: guid=" + guid +
        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    const auto reply = tests::parse_reply(answer);
    ASSERT_TRUE(reply) << target << "\n" << body;
    ASSERT_TRUE(reply->status == 200 || reply->status == 404) << target << "\n" << body << answer;
    if (reply->body.find("\"code\":\"3\"") == std::string::npos &&
        reply->body.find("\"code\":\"4\"") == std::string::npos &&
        reply->body.find("\"code\":\"601\"") == std::string::npos) {
      continue;
    }
    ++blamed;
    ASSERT_FALSE(world->device(guid)) << target << "\n" << body;
  }
  EXPECT_GT(blamed, 1000);
}

// --- Simulated devices --------------------------------------------------------------------------

struct SimRun {
  std::vector<SimEvent> events;
  int steps = 0;
  size_t count(std::string_view step) const {
    size_t out = 0;
    for (const auto& event : events) out += event.step == step ? 1 : 0;
    return out;
  }
};

SimRun run_to_rest(SimDevice& device, const Transport& transport, tests::World& world) {
  SimRun run;
  while (run.steps < 5000) {
    ++run.steps;
    if (!device.step(transport, world.now(), world.random(), run.events)) break;
  }
  return run;
}

SimIdentity cube_identity() {
  SimIdentity identity;
  identity.key = std::string(kGuid);
  identity.host = "ota.example.com";
  identity.words = {{"product", "OOMI_Cube_APP,OOMI_Cube_IR,OOMI_Cube_Zwave"},
                    {"feature", ",,zwave_freq_29"},
                    {"version", "V2.0.5.8,V1.1.0.0,V1.01.0.0"},
                    {"aat", "0123456789abcdef0123456789abcdee"}};
  return identity;
}

std::string sha256_hex(std::string_view bytes) {
  return base::hex(base::digest(base::HashKind::sha256, bytes));
}

TEST(OomiSim, ACubeUpdatesAllItsParts) {
  auto world = make_world({}, Fixture{true});
  const auto cube = make_oomi_device(cube_identity());
  const SimRun run = run_to_rest(*cube, world->transport(), *world);
  EXPECT_EQ(run.count("error"), 0u);
  EXPECT_EQ(run.count("offer"), 3u);
  EXPECT_EQ(run.count("install"), 3u);
  EXPECT_EQ(run.events.back().step, "idle");
  EXPECT_EQ(cube->running_version(), "V2.0.6.9");
  EXPECT_EQ(cube->running_image_sha256(), sha256_hex(blob_bytes(1002, 10'261'237)));
  const auto device = world->device(kGuid);
  ASSERT_TRUE(device);
  ASSERT_EQ(device->tasks.size(), 2u) << "the reinstall of IR is no task";
  for (const auto& task : device->tasks) EXPECT_EQ(task.state, domain::TaskState::succeeded);
  SimRun again = run_to_rest(*cube, world->transport(), *world);
  EXPECT_EQ(again.steps, 1);
  EXPECT_EQ(again.count("idle"), 1u);
}

TEST(OomiSim, ACubeGoesOnWhereTheConnectionBroke) {
  auto world = make_world({}, Fixture{true});
  const auto cube = make_oomi_device(cube_identity());
  const Transport good = world->transport();
  const Transport lossy = [&](const std::string& bytes) -> base::Result<WireReply> {
    // Lost on the way there, lost on the way back, or fine.
    const uint64_t luck = world->random().below(4);
    if (luck == 0) return base::fail(base::Code::unavailable, "lost");
    auto reply = good(bytes);
    if (luck == 1) return base::fail(base::Code::unavailable, "lost");
    return reply;
  };
  const SimRun run = run_to_rest(*cube, lossy, *world);
  EXPECT_EQ(run.count("error"), 0u);
  EXPECT_EQ(run.count("install"), 3u);
  EXPECT_EQ(cube->running_image_sha256(), sha256_hex(blob_bytes(1002, 10'261'237)));
}

TEST(OomiSim, ACubeRefusesAFileThatIsNotWhatWasAnnounced) {
  auto world = make_world();
  const auto cube = make_oomi_device(cube_identity());
  const Transport good = world->transport();
  const Transport forging = [&](const std::string& bytes) -> base::Result<WireReply> {
    auto reply = good(bytes);
    if (reply && bytes.starts_with("GET ") && !reply->body.empty()) reply->body[0] ^= 1;
    return reply;
  };
  const SimRun run = run_to_rest(*cube, forging, *world);
  EXPECT_EQ(run.count("error"), 1u);
  EXPECT_EQ(run.count("install"), 0u);
  EXPECT_EQ(cube->running_version(), "V2.0.5.8");
}

TEST(OomiSim, ATouchFollowsItsKit) {
  auto world = make_world({}, Fixture{true});
  SimIdentity identity;
  identity.host = "ota.example.com";
  identity.words = {{"product", "OOMI_Kit"},
                    {"version", "V0.0.1"},
                    {"account", "111"},
                    {"feature", "zwave_freq_29"}};
  const auto touch = make_oomi_device(identity);
  const SimRun run = run_to_rest(*touch, world->transport(), *world);
  EXPECT_EQ(run.count("error"), 0u);
  EXPECT_EQ(run.count("install"), 6u);
  EXPECT_EQ(run.events.back().step, "idle");
  EXPECT_EQ(touch->running_version(), "2.0.6.11");
}

}  // namespace
}  // namespace otaru::dialect::oomi
