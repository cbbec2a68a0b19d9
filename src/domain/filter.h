// SPDX-License-Identifier: Apache-2.0
// The filter language (docs/filter.md): what operators write to choose rows of a list, devices of a
// group, and the audience of a deployment.
//
//   OTARU_TRY(filter, Filter::compile(R"(product == "M5310" and tag in ("beta", "lab"))", words));
//   if (filter.matches(subject)) ...
//
// A filter is compiled once, against the vocabulary of what it filters: names and types are checked
// then, so that evaluating cannot fail. Evaluating is pure and allocates nothing. Every filter
// ends: size, depth and number of conditions are bounded (limits::kFilter...).
//
// Threads: any, a filter never changes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace otaru::domain {

enum class FilterType {
  text,   // compared byte by byte
  loose,  // text; as a number where both sides are decimal integers
  integer,
  boolean,  // == and != only
  time,
  version,  // in the order that the subject knows
  texts,    // several texts: a comparison holds when it holds for one of them
};

// A word of a vocabulary. A name that ends in '.' stands for every name that begins so; what
// follows is handed to the subject as `key`.
struct FilterName {
  std::string_view name;
  FilterType type = FilterType::text;
  bool of_component = false;
};

struct FilterVocabulary {
  std::string_view thing;  // "device", for messages
  std::span<const FilterName> names;
  // The index of the name that takes every name which is not listed, as its key; -1: they are
  // errors.
  int bare = -1;
};

// What a subject answers: nothing there, or a value of the name's type, without owning it.
struct FilterValue {
  bool there = false;
  std::string_view text = {};  // text, loose, version
  int64_t number = 0;          // integer, boolean (0, 1), time (ms)

  static FilterValue nothing() { return {}; }
  static FilterValue of(std::string_view value) { return {true, value, 0}; }
  static FilterValue of(int64_t value) { return {true, {}, value}; }
};

// A question to each of several texts, without allocation.
class TextTest {
 public:
  template <class Test>
  explicit TextTest(const Test& test)
      : test_(&test), ask_([](const void* how, std::string_view text) {
          return (*static_cast<const Test*>(how))(text);
        }) {}
  bool operator()(std::string_view text) const { return ask_(test_, text); }

 private:
  const void* test_;
  bool (*ask_)(const void*, std::string_view);
};

// What is filtered. `name` is the index into the vocabulary's names.
class FilterSubject {
 public:
  virtual ~FilterSubject();
  virtual FilterValue value(size_t name, std::string_view key) const = 0;
  // Of FilterType::texts: whether the test holds for one of them.
  virtual bool any_of(size_t name, TextTest test) const;
  // Names of a component are asked for one component at a time.
  virtual size_t components() const;
  virtual FilterValue component_value(size_t component, size_t name, std::string_view key) const;
  // Nothing when the two have no order.
  virtual std::optional<std::strong_ordering> compare_versions(size_t component, std::string_view a,
                                                               std::string_view b) const;
};

class Filter {
 public:
  // The filter that everything matches.
  Filter() = default;

  // Code::invalid with field "filter" and a message that begins with "column N: " (in characters,
  // from 1) and says what was expected; Code::too_large over a limit. An empty text, or blanks:
  // everything.
  static base::Result<Filter> compile(std::string_view text, const FilterVocabulary& words);

  bool matches(const FilterSubject& subject) const;
  bool everything() const { return nodes_.empty(); }
  // The canonical text; compiling it gives the same filter again.
  std::string text() const;
  // Whether the name (an index into the vocabulary) occurs.
  bool mentions(size_t name) const;

  // `name == value`, for the names that `names` has a bit for (1 << index): texts, loose ones too.
  // They point into the filter.
  struct Equality {
    size_t name = 0;
    std::string_view key;
    std::string_view value;
  };
  // What must hold wherever the filter does: of each list at least one. Empty: nothing of this kind
  // is known, and every subject has to be asked.
  using Needs = std::vector<std::vector<Equality>>;
  Needs needs(uint64_t names) const;

  friend bool operator==(const Filter& a, const Filter& b) {
    return a.nodes_ == b.nodes_ && a.children_ == b.children_ && a.literals_ == b.literals_;
  }

 private:
  friend class FilterParser;
  friend class FilterRun;
  enum class Kind : uint8_t { all, any, negation, component, compare, one_of, has, like };
  enum class Op : uint8_t { equal, different, less, less_equal, greater, greater_equal };
  struct Literal {
    std::string text;
    std::optional<int64_t> number;  // of a decimal integer, a time in ms, 0 or 1
    bool quoted = true;             // how it is rendered
    friend bool operator==(const Literal&, const Literal&) = default;
  };
  struct Node {
    Kind kind = Kind::all;
    Op op = Op::equal;
    FilterType type = FilterType::text;
    bool of_component = false;
    uint32_t name = 0;   // into the vocabulary
    uint32_t first = 0;  // into children_ (all, any, negation, component) or literals_
    uint32_t count = 0;
    std::string key;
    std::string shown;  // the name as it is rendered
    friend bool operator==(const Node&, const Node&) = default;
  };
  Needs needs(uint32_t node, uint64_t names) const;
  void render(uint32_t node, bool inside, std::string& out) const;
  void render_literal(const Literal& literal, FilterType type, std::string& out) const;

  std::vector<Node> nodes_;  // the root is the last
  std::vector<uint32_t> children_;
  std::vector<Literal> literals_;
  bool asks_components_ = false;  // outside of component(...)
};

// A text as a number, where loose values are compared as such.
std::optional<int64_t> loose_number(std::string_view text);

// `*` stands for any text, `?` for one character, `\` takes the next one as it is.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace otaru::domain
