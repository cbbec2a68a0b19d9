// SPDX-License-Identifier: Apache-2.0
// The list of events and the stream of them.
#include "base/limits.h"
#include "http/source.h"
#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

using More = http::BodySource::More;

class EventsTest : public ApiTest {
 protected:
  // A stream that was opened, and what it has said since.
  struct Stream {
    explicit Stream(Reply reply) : source(std::move(reply.source)) {
      if (source) source->on_ready([this] { ++wakes; });
    }
    std::string say() {
      std::string out;
      for (last = More::ready; last == More::ready;) last = source->more(out, 1 << 20);
      // What had to be read is there now: the test's worker does it at once.
      if (last == More::later && out.empty() && wakes > 0) {
        wakes = 0;
        last = source->more(out, 1 << 20);
      }
      return out;
    }
    std::shared_ptr<http::BodySource> source;
    int wakes = 0;
    More last = More::later;
  };

  void happen(std::string_view type, int count = 1, int64_t tenant = 1) {
    app::WriteBatch batch;
    for (int i = 0; i < count; ++i) {
      app::Event event;
      event.at = clock.now();
      event.tenant = domain::TenantId(tenant);
      event.type = type;
      event.data = "{\"n\":" + std::to_string(++number_) + "}";
      batch.events.push_back(std::move(event));
    }
    ASSERT_TRUE(engine->write_and_wait(std::move(batch)));
  }
  int64_t newest() { return engine->events().span().newest; }
  static size_t count(std::string_view text, std::string_view what) {
    size_t n = 0;
    for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
      ++n;
    }
    return n;
  }
  std::string open(std::string_view query = "") {
    return "/api/v1/events/stream" + std::string(query);
  }

 private:
  int number_ = 0;
};

TEST_F(EventsTest, ListsNewestFirstWithFilters) {
  happen("task.created");
  happen("task.succeeded", 3);
  happen("release.published");
  const auto all = ask("GET", "/api/v1/events?types=task.*,release.published&limit=2");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.at("items"), "[2]");
  EXPECT_EQ(all.at("items.0.type"), "release.published");
  EXPECT_EQ(all.at("items.0.tenant"), "default");
  EXPECT_EQ(all.at("items.0.id"), std::to_string(newest()));
  EXPECT_EQ(all.at("items.1.data.n"), "4");
  const auto rest =
      ask("GET", "/api/v1/events?types=task.*,release.published&cursor=" + all.at("next_cursor"));
  EXPECT_EQ(rest.at("items"), "[3]");
  EXPECT_EQ(rest.at("items.2.type"), "task.created");
  EXPECT_EQ(rest.at("next_cursor"), "null");
  EXPECT_EQ(ask("GET", "/api/v1/events?types=Task").outcome(), "400 invalid types");
  EXPECT_EQ(ask("GET", "/api/v1/events?device=nobody").outcome(), "404 not_found device");
  EXPECT_EQ(ask("GET", "/api/v1/events?deployment=7").outcome(), "404 not_found deployment");
  EXPECT_EQ(ask("GET", "/api/v1/events?cursor=x").outcome(), "400 invalid cursor");
}

TEST_F(EventsTest, OfOneDeviceAndOneDeployment) {
  ask("POST", "/api/v1/devices", R"({"key":"d1"})");
  ask("POST", "/api/v1/devices", R"({"key":"d2"})");
  ask("POST", "/api/v1/deployments", R"({"name":"all","target":{"newest_in_channel":"stable"}})");
  ask("POST", "/api/v1/deployments/1/start");
  const auto device = ask("GET", "/api/v1/events?device=d1");
  EXPECT_EQ(device.at("items"), "[1]");
  EXPECT_EQ(device.at("items.0.type"), "device.registered");
  EXPECT_EQ(device.at("items.0.data.device"), "d1");
  const auto deployment = ask("GET", "/api/v1/events?deployment=1");
  EXPECT_EQ(deployment.at("items"), "[3]");
  EXPECT_EQ(deployment.at("items.1.type"), "deployment.running");
  EXPECT_EQ(deployment.at("items.0.type"), "deployment.started");
  EXPECT_EQ(deployment.at("items.1.data.name"), "all");
}

TEST_F(EventsTest, TenantsSeeTheirOwn) {
  ask("POST", "/api/v1/tenants", R"({"name":"acme"})");
  const std::string theirs = key_of_role("admin", "acme", "tenant");
  const std::string ours = key_of_role("viewer");
  happen("task.created", 2, 1);
  happen("task.failed", 1, 2);
  happen("alarm.disk_low", 1, 0);
  EXPECT_EQ(ask_as(theirs, "GET", "/api/v1/events?types=task.*,alarm.*").at("items"), "[1]");
  EXPECT_EQ(ask_as(ours, "GET", "/api/v1/events?types=task.*,alarm.*").at("items"), "[2]");
  EXPECT_EQ(ask_as(ours, "GET", "/api/v1/events?tenant=acme").outcome(), "404 not_found tenant");
  EXPECT_EQ(ask("GET", "/api/v1/events?types=task.*,alarm.*").at("items"), "[4]");
  Stream stream(ask_as(theirs, "GET", open("?types=task.*,alarm.*&last_event_id=0")));
  const std::string said = stream.say();
  EXPECT_EQ(count(said, "\nevent: task.failed\n"), 1u) << said;
  EXPECT_EQ(count(said, "\nevent: "), 1u) << said;
}

TEST_F(EventsTest, AStreamReplaysAndGoesOnLive) {
  happen("task.created", 3);
  const int64_t seen = newest() - 2;
  const auto reply = ask("GET", open("?last_event_id=" + std::to_string(seen)));
  EXPECT_EQ(reply.header("Content-Type"), "text/event-stream");
  Stream stream(reply);
  std::string said = stream.say();
  EXPECT_TRUE(said.starts_with("retry: 3000\n\nid: " + std::to_string(seen + 1) +
                               "\nevent: task.created\ndata: {\"id\":\"" +
                               std::to_string(seen + 1) + "\",\"at\":\"2026-"))
      << said;
  EXPECT_EQ(count(said, "\ndata: "), 2u) << said;
  EXPECT_EQ(stream.last, More::later);
  happen("task.failed");
  EXPECT_EQ(stream.wakes, 1);
  said = stream.say();
  EXPECT_TRUE(said.starts_with("id: " + std::to_string(newest()) + "\nevent: task.failed\n"));
  EXPECT_TRUE(said.ends_with("\n\n"));
  EXPECT_EQ(stream.say(), "");
}

TEST_F(EventsTest, WithoutAnIdItBeginsNow) {
  happen("task.created", 3);
  Stream stream(ask("GET", open()));
  EXPECT_EQ(stream.say(), "retry: 3000\n\n");
  happen("task.failed");
  EXPECT_EQ(count(stream.say(), "\nevent: task.failed\n"), 1u);
}

TEST_F(EventsTest, ALongReplayComesFromTheStoreWithoutGapOrDuplicate) {
  happen("task.created", static_cast<int>(base::limits::kEventsInMemory) + 2'000);
  Stream stream(ask("GET", open("?types=task.*&last_event_id=0")));
  std::string said;
  int64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string more = stream.say();
    if (more.empty()) break;
    said += more;
    if (i == 0) happen("task.created", 7);  // while it replays
  }
  EXPECT_EQ(count(said, "event: gap"), 0u);
  EXPECT_EQ(count(said, "\nevent: task.created\n"), base::limits::kEventsInMemory + 2'007);
  for (size_t at = said.find("\nid: "); at != std::string::npos; at = said.find("\nid: ", at + 1)) {
    const int64_t id = std::stoll(said.substr(at + 5));
    ASSERT_GT(id, last);
    last = id;
  }
  EXPECT_EQ(last, newest());
}

TEST_F(EventsTest, WhatIsNoLongerKeptIsAGap) {
  happen("task.created", static_cast<int>(base::limits::kEventsInMemory) + 500);
  engine->events().set_kept(4'200, 4'200);
  engine->tick(clock.now());
  ASSERT_TRUE(engine->committer().flush());
  const int64_t oldest = engine->events().span().oldest;
  ASSERT_GT(oldest, 100);
  Stream stream(ask("GET", open("?last_event_id=5")));
  std::string said = stream.say();
  if (count(said, "event: gap") == 0) said += stream.say();
  EXPECT_EQ(count(said, "event: gap\ndata: {\"after\":\"5\",\"next\":\"" + std::to_string(oldest) +
                            "\"}\n\n"),
            1u)
      << said.substr(0, 200);
  // An id of another life of the server.
  Stream ahead(ask("GET", open("?last_event_id=" + std::to_string(newest() + 50))));
  EXPECT_EQ(count(ahead.say(), "event: gap\n"), 1u);
  happen("task.failed");
  EXPECT_EQ(count(ahead.say(), "\nevent: task.failed\n"), 1u);
}

TEST_F(EventsTest, SignsOfLifeSayWhereItStands) {
  Stream stream(ask("GET", open("?types=release.*")));
  stream.say();
  std::string out;
  stream.source->idle(out);
  EXPECT_EQ(out, ": idle\n\n");
  happen("task.created", 5);
  EXPECT_EQ(stream.say(), "");
  out.clear();
  stream.source->idle(out);
  EXPECT_EQ(out, "id: " + std::to_string(newest()) + "\n: idle\n\n");
}

TEST_F(EventsTest, OneThatFallsBehindIsCutAndSaysSo) {
  Stream slow(ask("GET", open()));
  slow.say();
  happen("task.created", static_cast<int>(base::limits::kEventStreamLagMax) + 1);
  EXPECT_EQ(slow.say(), "event: cut\ndata: {\"reason\":\"slow\"}\n\n");
  EXPECT_EQ(slow.last, More::end);
}

TEST_F(EventsTest, AStreamEndsWithItsKeyAndWithTheServer) {
  const std::string key = key_of_role("viewer");
  Stream stream(ask_as(key, "GET", open()));
  stream.say();
  const auto& keys = engine->snapshot()->rows().credentials;
  ASSERT_TRUE(catalogue->delete_credential(app::kOperator, keys.back().id));
  EXPECT_EQ(stream.say(), "event: cut\ndata: {\"reason\":\"forbidden\"}\n\n");
  Stream other(ask("GET", open()));
  other.say();
  other.source->drain();
  EXPECT_EQ(other.say(), "event: cut\ndata: {\"reason\":\"stopping\"}\n\n");
  EXPECT_EQ(other.last, More::end);
}

TEST_F(EventsTest, StreamsAreCounted) {
  std::vector<Reply> open_ones;
  for (size_t i = 0; i < base::limits::kEventStreamsPerKeyMax; ++i) {
    open_ones.push_back(ask("GET", open()));
    ASSERT_EQ(open_ones.back().status, 200);
  }
  EXPECT_EQ(ask("GET", open()).outcome(), "429 exhausted");
  const std::string other = key_of_role("viewer");
  EXPECT_EQ(ask_as(other, "GET", open()).status, 200);
  open_ones.pop_back();
  EXPECT_EQ(ask("GET", open()).status, 200);
  EXPECT_EQ(ask("GET", open("?last_event_id=x")).outcome(), "400 invalid last_event_id");
}

}  // namespace
}  // namespace otaru::api
