// SPDX-License-Identifier: Apache-2.0
// Internal to api: lists that are filtered, sorted and cut to some members. What a filter and a
// sort may name are the members that the API shows, so rows are looked at as they would be written.
//
// A sorted list is cut by key: the cursor holds the sort member's value and the id of the last row,
// and the next page begins behind them. A row that is there throughout, with the value it has, is
// seen exactly once, whatever comes and goes meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "domain/filter.h"

namespace otaru::api {

struct ListMember {
  std::string_view name;  // ends in '.': a map, whose entries are named behind it
  domain::FilterType type = domain::FilterType::text;
  bool sorts = false;
  std::string_view path = {};  // in the row's JSON; empty: the name
};

struct ListWords {
  std::string_view thing;  // "product"
  std::span<const ListMember> members;
};

const ListWords& product_list_words();
const ListWords& release_list_words();
const ListWords& package_list_words();
const ListWords& kit_list_words();
const ListWords& deployment_list_words();
const ListWords& group_list_words();
const ListWords& credential_list_words();
const ListWords& tenant_list_words();
const ListWords& user_list_words();
const ListWords& task_list_words();

// A row as the filter sees it.
class JsonSubject final : public domain::FilterSubject {
 public:
  JsonSubject(const ListWords& words, const domain::Snapshot& snapshot, base::JsonView row)
      : words_(words), snapshot_(snapshot), row_(row) {}
  domain::FilterValue value(size_t name, std::string_view key) const override;
  bool any_of(size_t name, domain::TextTest test) const override;
  std::optional<std::strong_ordering> compare_versions(size_t component, std::string_view a,
                                                       std::string_view b) const override;

 private:
  base::JsonView find(size_t name, std::string_view key) const;
  const ListWords& words_;
  const domain::Snapshot& snapshot_;
  base::JsonView row_;
};

base::Result<domain::Filter> compile_list_filter(const ListWords& words, std::string_view text);

// The row's JSON with these members only, in its own order. Code::invalid: it has no such member.
base::Result<std::string> with_fields(const std::string& json,
                                      const std::vector<std::string>& fields);

class Listing {
 public:
  static base::Result<Listing> of(const Call& call, const ListWords& words,
                                  const ListOptions& options);
  // Rows come in order of their ids. False: the page is full, the others need not come.
  base::Result<bool> offer(std::string json, int64_t id);
  Answer finish();
  int64_t after_id() const { return sorted_ ? 0 : after_.id; }

 private:
  struct Key {
    bool there = false;
    bool number = false;
    int64_t value = 0;
    std::string text;
    int64_t id = 0;
  };
  struct Row {
    Key key;
    std::string json;
  };
  Listing(const Call& call, const ListWords& words, const ListOptions& options)
      : call_(&call), words_(&words), options_(&options) {}
  bool before(const Key& a, const Key& b) const;
  Key key_of(base::JsonView row, int64_t id) const;
  base::Status read_sort();
  base::Status read_cursor();
  std::string cursor_of(const Key& key) const;

  const Call* call_;
  const ListWords* words_;
  const ListOptions* options_;
  domain::Filter filter_;
  bool sorted_ = false;
  bool descending_ = false;
  size_t member_ = 0;
  bool has_after_ = false;
  Key after_;
  std::vector<Row> rows_;  // the first of the page, at most one more than its limit; a heap
};

// One list of rows in order of id, as {"items": [...], "next_cursor": ...}.
template <class Row, class Keep, class Write>
Answer list_rows(const Call& call, const ListWords& words, const std::vector<Row>& rows,
                 const ListOptions& options, Keep keep, Write write) {
  OTARU_TRY(listing, Listing::of(call, words, options));
  auto at = std::upper_bound(rows.begin(), rows.end(), listing.after_id(),
                             [](int64_t id, const Row& row) { return id < row.id.value; });
  for (; at != rows.end(); ++at) {
    if (!keep(*at)) continue;
    base::JsonWriter out;
    write(out, *at);
    OTARU_TRY(more, listing.offer(out.take(), at->id.value));
    if (!more) break;
  }
  return listing.finish();
}

}  // namespace otaru::api
