// SPDX-License-Identifier: Apache-2.0
// The contract of the store port, continued: the journal of changes.
#include <gtest/gtest.h>

#include "store/contract/engines.h"
#include "store/contract/samples.h"

namespace otaru::store::contract {
namespace {

class JournalContract : public testing::TestWithParam<EngineUnderTest> {
 protected:
  void SetUp() override { store_ = GetParam().open(folder_.path()); }

  app::Store& store() { return *store_; }
  base::Status add(std::vector<app::JournalEntry> entries, std::vector<app::WriteOp> ops = {}) {
    app::WriteBatch batch;
    batch.ops = std::move(ops);
    batch.journal = std::move(entries);
    const app::WriteBatch* one[] = {&batch};
    return store_->apply(one);
  }
  void reopen() {
    if (!GetParam().survives_closing) return;
    store_.reset();
    store_ = GetParam().open(folder_.path());
  }
  std::vector<int64_t> listed(const app::JournalFilter& filter) {
    const auto rows = store_->list_journal(filter);
    EXPECT_TRUE(rows);
    std::vector<int64_t> out;
    for (const auto& row : *rows) out.push_back(row.sequence);
    return out;
  }

 private:
  TempFolder folder_;
  std::unique_ptr<app::Store> store_;
};

using Sequences = std::vector<int64_t>;

TEST_P(JournalContract, every_field_of_an_entry_comes_back) {
  EXPECT_TRUE(store().read_journal(0, 10)->empty());
  ASSERT_TRUE(add({sample_entry(1), sample_entry(2)}));
  ASSERT_TRUE(add({sample_entry(3)}, {sample_tenant(1)}));
  reopen();
  const auto all = store().read_journal(0, 10);
  ASSERT_TRUE(all);
  const std::vector<app::JournalEntry> expected{sample_entry(1), sample_entry(2), sample_entry(3)};
  EXPECT_EQ(*all, expected);
  EXPECT_EQ(*store().read_journal(1, 1), std::vector<app::JournalEntry>{sample_entry(2)});
  EXPECT_TRUE(store().read_journal(3, 1)->empty());
  EXPECT_EQ(store().list_journal({})->front(), sample_entry(3));
}

TEST_P(JournalContract, an_entry_is_there_exactly_when_its_change_is) {
  ASSERT_TRUE(add({sample_entry(1)}, {sample_tenant(1)}));
  const auto again = add({sample_entry(1)}, {sample_tenant(2)});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::Code::conflict);
  EXPECT_EQ(store().load_catalogue()->tenants.size(), 1u);
  EXPECT_EQ(store().read_journal(0, 10)->size(), 1u);
  EXPECT_TRUE(add({sample_entry(2)}, {sample_tenant(2)}));
  EXPECT_EQ(store().load_catalogue()->tenants.size(), 2u);
}

TEST_P(JournalContract, filters_take_what_they_name) {
  for (int64_t n = 1; n <= 9; ++n) {
    auto row = sample_entry(n);
    row.tenant = n % 2 == 0 ? "default" : "acme";
    row.actor_name = n % 3 == 0 ? "ci" : "admin";
    row.subject_kind = n < 5 ? "release" : "product";
    row.subject_id = std::to_string(n % 4);
    row.action = n < 7 ? row.subject_kind + ".create" : "release.publish";
    row.at = base::Time{n * 10};
    ASSERT_TRUE(add({row}));
  }
  EXPECT_EQ(listed({}), (Sequences{9, 8, 7, 6, 5, 4, 3, 2, 1}));
  app::JournalFilter filter;
  filter.tenant = "acme";
  EXPECT_EQ(listed(filter), (Sequences{9, 7, 5, 3, 1}));
  filter.actor = "ci";
  EXPECT_EQ(listed(filter), (Sequences{9, 3}));
  filter.since = base::Time{30};
  filter.until = base::Time{90};
  EXPECT_EQ(listed(filter), (Sequences{3}));
  filter.since = base::Time{31};
  EXPECT_EQ(listed(filter), (Sequences{}));

  filter = {};
  filter.subject_kind = "product";
  EXPECT_EQ(listed(filter), (Sequences{9, 8, 7, 6, 5}));
  filter.subject_id = "1";
  EXPECT_EQ(listed(filter), (Sequences{9, 5}));
  filter.action_prefix = "release.";
  EXPECT_EQ(listed(filter), (Sequences{9}));
  filter = {};
  filter.action_prefix = "product.create";
  EXPECT_EQ(listed(filter), (Sequences{6, 5}));
  filter.action_prefix = "product.create.";
  EXPECT_EQ(listed(filter), (Sequences{}));
  filter.action_prefix = "r%";
  EXPECT_EQ(listed(filter), (Sequences{}));

  filter = {};
  filter.limit = 4;
  EXPECT_EQ(listed(filter), (Sequences{9, 8, 7, 6}));
  filter.before = 6;
  EXPECT_EQ(listed(filter), (Sequences{5, 4, 3, 2}));
  filter.limit = 0;
  EXPECT_EQ(listed(filter), (Sequences{}));
}

INSTANTIATE_TEST_SUITE_P(engines, JournalContract,
                         testing::ValuesIn(engines().begin(), engines().end()),
                         [](const auto& engine) { return std::string(engine.param.name); });

}  // namespace
}  // namespace otaru::store::contract
