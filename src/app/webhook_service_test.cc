// SPDX-License-Identifier: Apache-2.0
// Deliveries: what is sent, in which order, what happens to what is not taken, and across restarts.
#include "app/webhook_service.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/scripted_http.h"
#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

class WebhookTest : public ServiceTest {
 protected:
  WebhookTest() {
    EXPECT_TRUE(catalogue->first_start().has_value());
    open();
  }
  ~WebhookTest() override { close(); }

  void open() {
    webhooks = std::make_unique<WebhookService>(*engine, http, workers, secrets, random, options);
    EXPECT_TRUE(webhooks->start().has_value());
  }
  void close() {
    if (webhooks) webhooks->stop();
    workers.clear();
    webhooks.reset();
  }
  // A new process on the same store; what was not written is lost.
  void crash() {
    close();
    restart();
    open();
  }
  WebhookId add(std::vector<std::string> types = {}) {
    WebhookChange with;
    with.url = "https://example.com/hook";
    with.types = std::move(types);
    auto made = webhooks->create(kOperator, domain::kDefaultTenant, with);
    EXPECT_TRUE(made.has_value());
    secret = made->secret;
    return made->webhook.id;
  }
  void happen(std::string_view type, int count = 1) {
    WriteBatch batch;
    for (int i = 0; i < count; ++i) {
      Event event;
      event.at = clock.now();
      event.tenant = domain::kDefaultTenant;
      event.type = type;
      event.data = R"({"n":1})";
      batch.events.push_back(std::move(event));
    }
    ASSERT_TRUE(engine->write_and_wait(std::move(batch)));
  }
  void run() {
    while (workers.run_one()) {
    }
    EXPECT_TRUE(engine->committer().flush());
  }
  // As the server's second hand does.
  void pass(int64_t seconds) {
    for (int64_t i = 0; i < seconds; ++i) {
      clock.advance(1'000);
      webhooks->tick();
      run();
    }
  }
  std::vector<std::string> sent_types() {
    std::vector<std::string> out;
    for (const auto& request : http.sent) out.push_back(header(request, "Otaru-Event"));
    return out;
  }
  static std::string header(const HttpRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return "";
  }

  WebhookOptions options;
  tests::ScriptedHttp http;
  ManualExecutor workers;
  std::unique_ptr<WebhookService> webhooks;
  std::string secret;
};

TEST_F(WebhookTest, SendsWhatIsWantedSignedAndInOrder) {
  const auto id = add({"task.*", "release.published"});
  happen("task.created");
  happen("device.registered");
  happen("release.published");
  happen("task.failed");
  run();
  EXPECT_EQ(sent_types(),
            (std::vector<std::string>{"task.created", "release.published", "task.failed"}));
  const HttpRequest& request = http.sent.front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://example.com/hook");
  EXPECT_EQ(request.reach, Reach::public_only);
  EXPECT_EQ(header(request, "Content-Type"), "application/json");
  const std::string at = std::to_string(clock.now().seconds());
  EXPECT_EQ(header(request, "Otaru-Timestamp"), at);
  EXPECT_EQ(header(request, "Otaru-Signature"), webhook_signature(secret, at, request.body));
  EXPECT_EQ(header(request, "Otaru-Delivery").substr(0, 2), std::to_string(id.value) + "-");
  EXPECT_TRUE(request.body.ends_with(R"("tenant":"default","type":"task.created","data":{"n":1}})"))
      << request.body;
  EXPECT_EQ(webhooks->find(id)->backlog, 0);
  EXPECT_EQ(webhooks->deliveries(id)->size(), 3u);
  EXPECT_EQ(webhooks->deliveries(id)->front().type, "task.failed");
}

TEST_F(WebhookTest, TheSignatureIsTheDocumentedOne) {
  // printf '%s' '1700000000.{}' | openssl dgst -sha256 -hmac whsec_x
  EXPECT_EQ(webhook_signature("whsec_x", "1700000000", "{}"),
            "v1=be8cb8325f2202445260a855532f967e30ad2a9394ce28da66ee02880ddcb661");
}

TEST_F(WebhookTest, OthersEventsAreNotSent) {
  add();
  WriteBatch batch;
  batch.events.resize(2);
  batch.events[0].type = "task.created";
  batch.events[0].tenant = domain::TenantId(7);
  batch.events[1].type = "alarm.disk_low";  // the server's own
  ASSERT_TRUE(engine->write_and_wait(std::move(batch)));
  run();
  EXPECT_TRUE(http.sent.empty());
}

TEST_F(WebhookTest, AFailureIsTriedAgainWithGrowingPausesAndHoldsTheOrder) {
  const auto id = add();
  http.fail(3);
  happen("task.created");
  happen("task.failed");
  run();
  EXPECT_EQ(http.sent.size(), 1u);
  EXPECT_EQ(webhooks->find(id)->attempts, 1);
  pass(1);
  EXPECT_EQ(http.sent.size(), 2u);
  pass(2);
  EXPECT_EQ(http.sent.size(), 3u);
  pass(1);
  EXPECT_EQ(http.sent.size(), 3u);  // between 2 and 4 s
  pass(4);
  EXPECT_EQ(sent_types(), (std::vector<std::string>{"task.created", "task.created", "task.created",
                                                    "task.created", "task.failed"}));
  EXPECT_EQ(header(http.sent[0], "Otaru-Delivery"), header(http.sent[3], "Otaru-Delivery"));
  EXPECT_NE(header(http.sent[0], "Otaru-Timestamp"), header(http.sent[3], "Otaru-Timestamp"));
  EXPECT_EQ(webhooks->find(id)->attempts, 0);
}

TEST_F(WebhookTest, AfterTheLastAttemptADeadLetterThatCanBeReplayed) {
  options.attempts_max = 3;
  close();
  open();
  const auto id = add({"task.*", "alarm.*"});
  http.fail(3);
  happen("task.created");
  happen("task.failed");
  run();
  pass(10);
  EXPECT_EQ(sent_types().back(), "alarm.webhook_dead_letter");
  EXPECT_EQ(http.sent.size(), 5u);
  auto letters = webhooks->dead_letters(id, 0, 10);
  ASSERT_EQ(letters->size(), 1u);
  EXPECT_EQ(letters->front().event.type, "task.created");
  EXPECT_EQ(letters->front().attempts, 3);
  EXPECT_EQ(letters->front().error, "status 500");
  crash();  // it is durable
  letters = webhooks->dead_letters(id, 0, 10);
  ASSERT_EQ(letters->size(), 1u);
  http.sent.clear();
  http.fail(1);
  EXPECT_EQ(*webhooks->replay(id, std::nullopt), 1);
  run();
  EXPECT_EQ(webhooks->dead_letters(id, 0, 10)->front().attempts, 4);
  EXPECT_EQ(*webhooks->replay(id, letters->front().event.id), 1);
  run();
  EXPECT_EQ(sent_types(), (std::vector<std::string>{"task.created", "task.created"}));
  EXPECT_TRUE(webhooks->dead_letters(id, 0, 10)->empty());
  EXPECT_EQ(refusal(webhooks->replay(id, 999)), "not_found event");
}

TEST_F(WebhookTest, NothingIsLostByACrashAtAnyMoment) {
  const auto id = add();
  for (int round = 0; round < 30; ++round) {
    if (round % 3 == 0) http.fail(1);
    happen("task.created", 2);
    // Some of the jobs, then the process dies.
    for (int i = 0; i < round % 5; ++i) workers.run_one();
    crash();
  }
  pass(60);
  std::set<std::string> delivered;
  for (const auto& request : http.sent) delivered.insert(header(request, "Otaru-Delivery"));
  EXPECT_EQ(delivered.size(), 60u);
  EXPECT_EQ(webhooks->find(id)->backlog, 0);
}

TEST_F(WebhookTest, WhatTheLogForgotIsSaid) {
  const auto id = add({"task.*"});
  http.fail(1);
  happen("task.created", static_cast<int>(base::limits::kEventsInMemory) + 3'000);
  run();
  engine->events().set_kept(100, 2'000);
  engine->tick(clock.now());
  ASSERT_TRUE(engine->committer().flush());
  crash();
  pass(5);
  EXPECT_GT(webhooks->stats().missed.load(), 1'000);
  EXPECT_EQ(webhooks->find(id)->backlog, 0);
}

TEST_F(WebhookTest, DisabledOnesAreNotSentAndBeginAgainWithWhatHappensThen) {
  const auto id = add();
  WebhookChange with;
  with.disabled = true;
  ASSERT_TRUE(webhooks->update(kOperator, id, with));
  happen("task.created");
  run();
  EXPECT_EQ(refusal(webhooks->replay(id, std::nullopt)), "precondition id");
  with.disabled = false;
  ASSERT_TRUE(webhooks->update(kOperator, id, with));
  happen("task.failed");
  run();
  EXPECT_EQ(sent_types(), std::vector<std::string>{"task.failed"});
  ASSERT_TRUE(webhooks->remove(kOperator, id));
  happen("task.failed");
  run();
  EXPECT_EQ(http.sent.size(), 1u);
  EXPECT_EQ(refusal(webhooks->find(id)), "not_found id");
  crash();
  EXPECT_TRUE(webhooks->list().empty());
}

TEST_F(WebhookTest, ATestIsSentAtOnceAndIsNoEvent) {
  const auto id = add({"release.*"});
  const int64_t newest = engine->events().span().newest;
  http.fail(1);
  EXPECT_EQ(webhooks->test(id)->error, "status 500");
  http.answers.push_back(tests::ScriptedHttp::reply(302));
  EXPECT_EQ(webhooks->test(id)->error, "status 302: redirects are not followed");
  http.answers.push_back(base::fail(base::Code::timeout, "no answer in time"));
  EXPECT_EQ(webhooks->test(id)->error, "no answer in time");
  EXPECT_EQ(webhooks->test(id)->error, "");
  EXPECT_EQ(engine->events().span().newest, newest);
  EXPECT_EQ(webhooks->deliveries(id)->size(), 4u);
}

TEST_F(WebhookTest, AddressesAreChecked) {
  for (const char* url : {"", "example.com", "ftp://example.com", "https://", "https://:80/",
                          "https://user:secret@example.com/", "https://example.com/a b"}) {
    WebhookChange with;
    with.url = url;
    EXPECT_EQ(refusal(webhooks->create(kOperator, domain::kDefaultTenant, with)), "invalid url")
        << url;
  }
  WebhookChange with;
  with.url = "https://example.com";
  with.types = {"Task"};
  EXPECT_EQ(refusal(webhooks->create(kOperator, domain::kDefaultTenant, with)), "invalid types");
  // The secret is sealed at rest, and the journal tells of the change without it.
  add();
  EXPECT_EQ(store.list_journal({})->front().action, "webhook.create");
  for (const auto& line : stored()) EXPECT_EQ(line.find(secret), std::string::npos);
}

}  // namespace
}  // namespace otaru::app
