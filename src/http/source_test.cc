// SPDX-License-Identifier: Apache-2.0
// The source whose pieces are made on a worker pool: order, back-pressure, ends.
#include "http/source.h"

#include <gtest/gtest.h>

#include <deque>
#include <stdexcept>

#include "base/limits.h"

namespace otaru::http {
namespace {

using More = BodySource::More;
namespace limits = base::limits;

// A pool that is cranked by hand.
struct Jobs {
  std::deque<std::function<void()>> waiting;
  Post post() {
    return [this](std::function<void()> job) { waiting.push_back(std::move(job)); };
  }
  bool run() {
    if (waiting.empty()) return false;
    const auto job = std::move(waiting.front());
    waiting.pop_front();
    job();
    return true;
  }
};

TEST(PooledSource, SaysAllInOrderAndThenEnds) {
  Jobs jobs;
  int page = 0;
  const auto source = make_pooled_source(jobs.post(), [&page](std::string& out) {
    out += "page " + std::to_string(++page) + "\n";
    return base::Result<bool>(page < 3);
  });
  int wakes = 0;
  source->on_ready([&wakes] { ++wakes; });
  std::string out;
  EXPECT_EQ(source->more(out, 1000), More::later);
  EXPECT_EQ(source->more(out, 1000), More::later);  // one job is enough
  EXPECT_EQ(jobs.waiting.size(), 1u);
  EXPECT_TRUE(jobs.run());
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(source->more(out, 10), More::ready);
  EXPECT_EQ(out.size(), 10u);
  EXPECT_EQ(source->more(out, 1000), More::end);
  EXPECT_EQ(out, "page 1\npage 2\npage 3\n");
  EXPECT_TRUE(jobs.waiting.empty());
}

TEST(PooledSource, ASlowClientHoldsNoWorkerAndLittleMemory) {
  Jobs jobs;
  size_t made = 0;
  const auto source = make_pooled_source(jobs.post(), [&made](std::string& out) {
    out.append(10'000, 'x');
    made += 10'000;
    return base::Result<bool>(true);
  });
  source->on_ready([] {});
  std::string out;
  size_t taken = 0;
  for (int i = 0; i < 1'000; ++i) {
    out.clear();
    source->more(out, 100);
    taken += out.size();
    while (jobs.run()) {
    }
    EXPECT_LE(made - taken, limits::kSourceBufferBytes);
  }
  EXPECT_EQ(taken, 99'900u);  // nothing but the first time had to wait
}

TEST(PooledSource, AProducerThatFailsOrThrowsIsAnError) {
  for (const bool throws : {false, true}) {
    Jobs jobs;
    const auto source =
        make_pooled_source(jobs.post(), [throws](std::string& out) -> base::Result<bool> {
          out += "half";
          if (throws) throw std::runtime_error("gone");
          return base::fail(base::Code::unavailable, "gone");
        });
    source->on_ready([] {});
    std::string out;
    EXPECT_EQ(source->more(out, 1000), More::later);
    EXPECT_TRUE(jobs.run());
    EXPECT_EQ(source->more(out, 1000), More::error);
  }
}

TEST(PooledSource, TheProducerGoesOnAWorkerWheneverTheClientLeaves) {
  for (const int moment : {0, 1, 2}) {
    Jobs jobs;
    const auto alive = std::make_shared<int>(0);
    auto source = make_pooled_source(jobs.post(), [alive](std::string& out) {
      out += "x";
      return base::Result<bool>(true);
    });
    const std::weak_ptr<int> seen = alive;
    int wakes = 0;
    source->on_ready([&wakes] { ++wakes; });
    std::string out;
    if (moment > 0) source->more(out, 1000);  // a job waits
    if (moment > 1) jobs.run();               // it has run
    const long with_producer = alive.use_count();
    source.reset();
    EXPECT_EQ(alive.use_count(), with_producer);  // not here
    while (jobs.run()) {
    }
    EXPECT_EQ(alive.use_count(), 1);
    EXPECT_EQ(wakes, moment > 1 ? 1 : 0);
  }
}

}  // namespace
}  // namespace otaru::http
