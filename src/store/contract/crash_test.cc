// SPDX-License-Identifier: Apache-2.0
// What was reported as durable is there after kill -9, whole, and nothing else: a child applies
// random groups of batches and reports each, is killed at a random moment, and the database is
// compared with the model row by row.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/contract/engines.h"
#include "store/contract/samples.h"
#include "store/memory/memory_store.h"

namespace otaru::store::contract {
namespace {

constexpr int kKills = 30;

// The same groups for the same seed, in the child and in the model.
class Groups {
 public:
  explicit Groups(uint64_t seed) : world_(seed) {}
  base::Status apply_next(app::Store& store) {
    std::vector<app::WriteBatch> batches;
    for (uint64_t i = 1 + world_.rng().below(8); i > 0; --i) batches.push_back(world_.batch());
    std::vector<const app::WriteBatch*> pointers;
    for (const auto& batch : batches) pointers.push_back(&batch);
    return store.apply(pointers);
  }

 private:
  RandomWorld world_;
};

// Never returns while all goes well.
int apply_for_ever(const EngineUnderTest& engine, const std::string& folder, Groups groups,
                   int64_t done, int report) {
  const auto store = engine.open(folder);
  while (true) {
    if (!groups.apply_next(*store)) return 1;
    ++done;
    if (::write(report, &done, sizeof done) != sizeof done) return 2;
  }
}

class Crash : public testing::TestWithParam<EngineUnderTest> {};

TEST_P(Crash, nothing_durable_is_lost_and_nothing_half_done_is_kept) {
  constexpr uint64_t kSeed = 4711;
  TempFolder folder;
  const auto model = make_memory_store();
  Groups groups(kSeed);
  base::SeededRandom random{kSeed};
  int64_t applied = 0;
  for (int round = 0; round < kKills; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::_exit(apply_for_ever(GetParam(), folder.path(), groups, applied, ends[1]));
    }
    ::close(ends[1]);
    int64_t durable = applied;
    const int64_t enough = applied + static_cast<int64_t>(random.below(40));
    while (durable < enough && ::read(ends[0], &durable, sizeof durable) == sizeof durable) {
    }
    base::SeededRandom wait{random.next()};
    for (uint64_t spin = random.below(3'000'000); spin > 0; --spin) wait.next();
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
    while (::read(ends[0], &durable, sizeof durable) == sizeof durable) {
    }
    ::close(ends[0]);

    for (; applied < durable; ++applied) ASSERT_TRUE(groups.apply_next(*model));
    const auto store = GetParam().open(folder.path());
    if (*store->dump() != *model->dump()) {
      // The kill may have come between the commit and its report.
      ASSERT_TRUE(groups.apply_next(*model));
      ++applied;
      ASSERT_EQ(*store->dump(), *model->dump()) << "kill " << round << ", group " << applied;
    }
  }
  EXPECT_GT(applied, kKills);
}

std::vector<EngineUnderTest> engines_that_keep() {
  std::vector<EngineUnderTest> out;
  for (const auto& engine : engines()) {
    if (engine.survives_closing) out.push_back(engine);
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(engines, Crash, testing::ValuesIn(engines_that_keep()),
                         [](const auto& engine) { return std::string(engine.param.name); });

}  // namespace
}  // namespace otaru::store::contract
