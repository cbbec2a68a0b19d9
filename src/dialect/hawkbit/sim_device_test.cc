// SPDX-License-Identifier: Apache-2.0
// The simulated device's requests are those that Debian's SWUpdate 2022.12 sent when it was given
// the same answers: recorded bytes, in the recorded order.
#include <gtest/gtest.h>

#include <deque>

#include "base/encoding.h"
#include "base/hash.h"
#include "dialect/hawkbit/hawkbit.h"

namespace otaru::dialect::hawkbit {
namespace {

constexpr std::string_view kRoot = "/DEFAULT/controller/v1/ok";

std::string head_of(const std::string& line, const std::string& type = "json") {
  const bool json = type == "json";
  const std::string media = json ? "application/json" : "application/octet-stream";
  return line + " HTTP/1.1\r\nHost: 127.0.0.1:43695\r\n" +
         "User-Agent: libcurl-agent/1.0\r\nContent-Type: " + media + "\r\nAccept: " + media +
         "\r\n" + (json ? "charsets: utf-8\r\ncharsets: utf-8\r\n" : "") +
         "Authorization: TargetToken TOK\r\n";
}

std::string get(const std::string& path) {
  return head_of("GET " + std::string(kRoot) + path) + "\r\n";
}

std::string post(const std::string& path, const std::string& body) {
  return head_of("POST " + std::string(kRoot) + path) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string configure(const std::string& more = {}) {
  const std::string body =
      R"({ "id": "", "time": "20261122T055048", "status": { "result": { "finished": "success" }, )"
      R"("execution": "closed", "details" : [ "" ] }, "data" : {  "hwRevision": "1.0",)"
      R"("mac": "00:11")" +
      more + " } }";
  return head_of("PUT " + std::string(kRoot) + "/configData") +
         "Content-Length: " + std::to_string(body.size()) + "\r\nExpect: 100-continue\r\n\r\n" +
         body;
}

std::string feedback(int count, int of, const std::string& finished, const std::string& execution,
                     const std::string& details) {
  const std::string progress = R"("progress": { "cnt" : )" + std::to_string(count) +
                               R"(, "of" : )" + std::to_string(of) + " }";
  return post("/deploymentBase/5/feedback",
              R"({ "id": 5, "time": "20261122T055048", "status": { "result": { )" + progress +
                  R"(, "finished": ")" + finished + R"(" }, "execution": ")" + execution +
                  R"(", "details" : [ )" + details + " ] } }");
}

// Gives recorded answers and takes requests down.
class Recorded {
 public:
  explicit Recorded(std::string file) : file_(std::move(file)) {}

  std::string state = "deploy";  // idle, deploy, cancel
  std::deque<size_t> cuts;       // how much of the next downloads arrives
  bool asks_for_attributes = true;
  std::vector<std::string> requests;

  Transport transport() {
    return [this](const std::string& bytes) { return answer(bytes); };
  }

 private:
  base::Result<WireReply> answer(const std::string& bytes) {
    requests.push_back(bytes);
    const auto starts = [&](const std::string& text) { return bytes.starts_with(text); };
    const std::string root = "http://127.0.0.1:43695" + std::string(kRoot);
    WireReply reply;
    reply.status = 200;
    if (starts("GET " + std::string(kRoot) + " ")) {
      reply.body = R"({"config":{"polling":{"sleep":"00:00:01"}},"_links":{)";
      if (asks_for_attributes) {
        reply.body += R"("configData":{"href":")" + root + R"(/configData"})";
      }
      if (asks_for_attributes && state != "idle") reply.body += ",";
      if (state == "deploy") {
        reply.body += R"("deploymentBase":{"href":")" + root + R"(/deploymentBase/5?c=123"})";
      }
      if (state == "cancel") {
        reply.body += R"("cancelAction":{"href":")" + root + R"(/cancelAction/5"})";
      }
      reply.body += "}}";
    } else if (starts("GET " + std::string(kRoot) + "/deploymentBase/5?c=123 ")) {
      reply.body = deployment();
    } else if (starts("GET " + std::string(kRoot) + "/cancelAction/5 ")) {
      reply.body = R"({"id": "5", "cancelAction": {"stopId": "5"}})";
    } else if (bytes.find("Update Installed.") != std::string::npos) {
      state = "idle";  // else the device would install it again
    } else if (starts("PUT ")) {
      asks_for_attributes = false;
    } else if (starts("GET /files/")) {
      send_file(bytes, reply);
    }
    return reply;
  }

  std::string deployment() const {
    const std::string url = "http://127.0.0.1:43695/files/up.swu";
    base::MultiHasher hasher;
    hasher.update(file_);
    const base::Digests digests = hasher.finish();
    return R"({"id": "5", "deployment": {"download": "forced", "update": "forced", "chunks": [{)"
           R"("part": "os", "version": "1.0", "name": "os", "artifacts": [{"filename": "up.swu", )"
           R"("hashes": {"sha1": ")" +
           digests.sha1 + R"(", "md5": ")" + digests.md5 + R"(", "sha256": ")" + digests.sha256 +
           R"("}, "size": )" + std::to_string(file_.size()) +
           R"(, "_links": {"download": {"href": ")" + url + R"("}, "download-http": {"href": ")" +
           url + R"("}}}]}]}})";
  }

  void send_file(const std::string& bytes, WireReply& reply) {
    size_t from = 0;
    if (const size_t at = bytes.find("Range: bytes="); at != std::string::npos) {
      reply.status = 206;
      from = static_cast<size_t>(std::stoul(bytes.substr(at + 13)));
    }
    reply.body = file_.substr(from);
    if (cuts.empty()) return;
    reply.body.resize(cuts.front());
    cuts.pop_front();
  }

  std::string file_;
};

class SwupdateBytes : public ::testing::Test {
 protected:
  SwupdateBytes() {
    OTARU_ASSERT(base::parse_iso8601("2026-11-22T05:50:48.000Z", now_));
    SimIdentity identity;
    identity.key = "ok";
    identity.host = "127.0.0.1:43695";
    identity.words = {{"token", "TOK"}, {"attr.hwRevision", "1.0"}, {"attr.mac", "00:11"}};
    device_ = make_hawkbit_device(std::move(identity));
  }

  // Until it rests; the requests of that time.
  std::vector<std::string> live() {
    server_.requests.clear();
    std::vector<SimEvent> events;
    for (int i = 0; i < 100; ++i) {
      if (!device_->step(server_.transport(), now_, random_, events)) break;
    }
    now_ = now_ + 1'000;
    return server_.requests;
  }

  base::SeededRandom random_{1};
  base::Time now_;
  Recorded server_{std::string(5'000, 'x')};
  std::unique_ptr<SimDevice> device_;
};

TEST_F(SwupdateBytes, AnUpdateFromTheFirstPollToTheLastWord) {
  const std::string deployment = get("/deploymentBase/5?c=123");
  const auto requests = live();
  const std::vector<std::string> wanted = {
      get(""),
      deployment,
      configure(),
      get(""),
      deployment,
      get(""),
      deployment,
      feedback(0, 1, "none", "proceeding", R"("Installing Update Chunk Artifacts.")"),
      head_of("HEAD /files/up.swu", "file") + "\r\n",
      head_of("GET /files/up.swu", "file") + "\r\n",
      feedback(0, 0, "none", "proceeding",
               R"("Software Update started !","[network_initializer] : Valid image found: copying )"
               R"(to FLASH","Installation in progress","SWUPDATE successful !")"),
      feedback(1, 1, "none", "proceeding", R"("Installed Chunk.")"),
      feedback(1, 1, "none", "proceeding", R"("All Chunks Installed.")"),
      get(""),
      deployment,
      feedback(0, 0, "success", "closed", R"("Update Installed.")"),
      get(""),
      configure(R"(,"version": "1.0")"),
      get("")};
  ASSERT_EQ(requests.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(requests[i], wanted[i]) << i;
  EXPECT_EQ(device_->running_version(), "1.0");
  EXPECT_EQ(device_->running_image_sha256(),
            base::hex(base::digest(base::HashKind::sha256, std::string(5'000, 'x'))));
}

TEST_F(SwupdateBytes, ADownloadGoesOnWhereItWasCut) {
  server_.cuts = {0, 1'700, 1'300};
  const auto requests = live();
  std::vector<std::string> downloads;
  for (const auto& request : requests) {
    if (request.starts_with("GET /files/")) downloads.push_back(request);
  }
  const std::string whole = head_of("GET /files/up.swu", "file") + "\r\n";
  const auto from = [&](const std::string& range) {
    std::string out = whole;
    return out.insert(out.find("User-Agent"), "Range: bytes=" + range + "-\r\n");
  };
  // Nothing came: asked for as if for the first time.
  EXPECT_EQ(downloads, (std::vector<std::string>{whole, whole, from("1700"), from("3000")}));
  EXPECT_FALSE(device_->running_image_sha256().empty());
}

TEST_F(SwupdateBytes, ACancellationIsAcknowledgedBeforeAnythingElse) {
  server_.state = "cancel";
  const auto requests = live();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1], get("/cancelAction/5"));
  EXPECT_EQ(requests[2],
            post("/cancelAction/5/feedback",
                 R"({ "id": 5, "time": "20261122T055048", "status": { "result": { "finished": )"
                 R"("success" }, "execution": "closed", "details" : [ "cancellation )"
                 R"(acknowledged." ] } })"));
}

TEST_F(SwupdateBytes, ADownloadThatTakesLongerThanItSleepsIsCancelled) {
  server_.cuts = {1'000, 0, 0, 0, 0, 0};
  std::vector<SimEvent> events;
  while (server_.cuts.size() > 4) device_->step(server_.transport(), now_, random_, events);
  server_.state = "cancel";
  server_.requests.clear();
  now_ = now_ + 2'000;
  const auto requests = live();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0], get(""));
  EXPECT_TRUE(requests[2].starts_with("POST /DEFAULT/controller/v1/ok/cancelAction/5/feedback"));
}

TEST_F(SwupdateBytes, NothingToDoIsOnePollEachTimeItHasSlept) {
  server_.state = "idle";
  EXPECT_EQ(live(), (std::vector<std::string>{get(""), configure(), get("")}));
  EXPECT_EQ(live(), (std::vector<std::string>{get("")}));
  now_ = now_ + -500;
  EXPECT_TRUE(live().empty()) << "it sleeps";
}

}  // namespace
}  // namespace otaru::dialect::hawkbit
