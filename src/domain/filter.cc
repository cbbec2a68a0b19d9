// SPDX-License-Identifier: Apache-2.0
// Evaluating a filter, and writing it down again. Compiling is in filter_parse.cc.
#include "domain/filter.h"

#include <algorithm>
#include <charconv>

#include "base/time.h"

namespace otaru::domain {
namespace {

size_t point_bytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0xC0) return 1;
  return byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

void quote(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      case '"':
      case '\\':
        out += '\\';
        out += c;
        break;
      default:
        out += c;
    }
  }
  out += '"';
}

}  // namespace

std::optional<int64_t> loose_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

FilterSubject::~FilterSubject() = default;

bool FilterSubject::any_of(size_t, TextTest) const {
  return false;
}
size_t FilterSubject::components() const {
  return 0;
}
FilterValue FilterSubject::component_value(size_t, size_t, std::string_view) const {
  return FilterValue::nothing();
}
std::optional<std::strong_ordering> FilterSubject::compare_versions(size_t, std::string_view,
                                                                    std::string_view) const {
  return std::nullopt;
}

// Goes back to the last star on a mismatch: no worse than length times length.
bool glob_matches(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;  // behind the last star
  size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      resume = t;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t = std::min(text.size(), t + point_bytes(text[t]));
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const size_t literal = escaped ? p + 1 : p;
    if (literal < pattern.size() && pattern[literal] == text[t]) {
      p = literal + 1;
      ++t;
      continue;
    }
    if (star == std::string_view::npos) return false;
    p = star;
    t = ++resume;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// One evaluation: for one component, or for none.
class FilterRun {
 public:
  static constexpr size_t kNoComponent = static_cast<size_t>(-1);
  FilterRun(const Filter& filter, const FilterSubject& subject, size_t component)
      : filter_(filter), subject_(subject), component_(component) {}

  bool holds(uint32_t at) const {
    const Filter::Node& node = filter_.nodes_[at];
    switch (node.kind) {
      case Filter::Kind::all:
        for (uint32_t i = 0; i < node.count; ++i) {
          if (!holds(filter_.children_[node.first + i])) return false;
        }
        return true;
      case Filter::Kind::any:
        for (uint32_t i = 0; i < node.count; ++i) {
          if (holds(filter_.children_[node.first + i])) return true;
        }
        return false;
      case Filter::Kind::negation:
        return !holds(filter_.children_[node.first]);
      case Filter::Kind::component:
        return one_component(filter_.children_[node.first]);
      case Filter::Kind::compare:
      case Filter::Kind::one_of:
      case Filter::Kind::has:
      case Filter::Kind::like:
        break;
    }
    return condition(node);
  }

 private:
  bool one_component(uint32_t child) const {
    for (size_t i = 0; i < subject_.components(); ++i) {
      if (FilterRun(filter_, subject_, i).holds(child)) return true;
    }
    return false;
  }

  bool condition(const Filter::Node& node) const {
    if (node.type == FilterType::texts) return several(node);
    const FilterValue value = value_of(node);
    if (!value.there) return false;
    switch (node.kind) {
      case Filter::Kind::has:
        return true;
      case Filter::Kind::like:
        return glob_matches(filter_.literals_[node.first].text, value.text);
      case Filter::Kind::one_of:
        for (uint32_t i = 0; i < node.count; ++i) {
          if (same(node, value, filter_.literals_[node.first + i])) return true;
        }
        return false;
      case Filter::Kind::compare:
        return compared(node, value);
      case Filter::Kind::all:
      case Filter::Kind::any:
      case Filter::Kind::negation:
      case Filter::Kind::component:
        break;
    }
    return false;
  }

  FilterValue value_of(const Filter::Node& node) const {
    if (!node.of_component) return subject_.value(node.name, node.key);
    if (component_ == kNoComponent) return FilterValue::nothing();
    return subject_.component_value(component_, node.name, node.key);
  }

  bool several(const Filter::Node& node) const {
    const auto there = [](std::string_view) { return true; };
    if (node.kind == Filter::Kind::has) return subject_.any_of(node.name, TextTest(there));
    const bool like = node.kind == Filter::Kind::like;
    const auto listed = [&](std::string_view text) {
      for (uint32_t i = 0; i < node.count; ++i) {
        const std::string& wanted = filter_.literals_[node.first + i].text;
        if (like ? glob_matches(wanted, text) : wanted == text) return true;
      }
      return false;
    };
    const bool found = subject_.any_of(node.name, TextTest(listed));
    if (node.kind != Filter::Kind::compare || node.op == Filter::Op::equal) return found;
    return !found && subject_.any_of(node.name, TextTest(there));
  }

  // The order of a value and a literal; nothing when they have none.
  std::optional<std::strong_ordering> order(const Filter::Node& node, const FilterValue& value,
                                            const Filter::Literal& literal) const {
    switch (node.type) {
      case FilterType::text:
      case FilterType::texts:
        return value.text.compare(literal.text) <=> 0;
      case FilterType::loose: {
        const auto number = literal.number ? loose_number(value.text) : std::nullopt;
        if (number) return *number <=> *literal.number;
        if (!literal.quoted) return std::nullopt;
        return value.text.compare(literal.text) <=> 0;
      }
      case FilterType::integer:
      case FilterType::boolean:
      case FilterType::time:
        return value.number <=> literal.number.value_or(0);
      case FilterType::version:
        if (auto known = subject_.compare_versions(component_, value.text, literal.text)) {
          return known;
        }
        if (value.text == literal.text) return std::strong_ordering::equal;
        return std::nullopt;
    }
    return std::nullopt;
  }

  bool same(const Filter::Node& node, const FilterValue& value,
            const Filter::Literal& literal) const {
    return order(node, value, literal) == std::strong_ordering::equal;
  }

  bool compared(const Filter::Node& node, const FilterValue& value) const {
    const auto found = order(node, value, filter_.literals_[node.first]);
    switch (node.op) {
      case Filter::Op::equal:
        return found == std::strong_ordering::equal;
      case Filter::Op::different:
        return found != std::strong_ordering::equal;
      case Filter::Op::less:
        return found && *found < 0;
      case Filter::Op::less_equal:
        return found && *found <= 0;
      case Filter::Op::greater:
        return found && *found > 0;
      case Filter::Op::greater_equal:
        return found && *found >= 0;
    }
    return false;
  }

  const Filter& filter_;
  const FilterSubject& subject_;
  size_t component_;
};

bool Filter::matches(const FilterSubject& subject) const {
  if (nodes_.empty()) return true;
  const auto root = static_cast<uint32_t>(nodes_.size() - 1);
  const size_t components = asks_components_ ? subject.components() : 0;
  if (components == 0) return FilterRun(*this, subject, FilterRun::kNoComponent).holds(root);
  for (size_t i = 0; i < components; ++i) {
    if (FilterRun(*this, subject, i).holds(root)) return true;
  }
  return false;
}

bool Filter::mentions(size_t name) const {
  for (const Node& node : nodes_) {
    const bool condition = node.kind == Kind::compare || node.kind == Kind::one_of ||
                           node.kind == Kind::has || node.kind == Kind::like;
    if (condition && node.name == name) return true;
  }
  return false;
}

Filter::Needs Filter::needs(uint64_t names) const {
  if (nodes_.empty()) return {};
  return needs(static_cast<uint32_t>(nodes_.size() - 1), names);
}

Filter::Needs Filter::needs(uint32_t at, uint64_t names) const {
  const Node& node = nodes_[at];
  Needs out;
  switch (node.kind) {
    case Kind::all:
      for (uint32_t i = 0; i < node.count; ++i) {
        for (auto& need : needs(children_[node.first + i], names)) out.push_back(std::move(need));
      }
      return out;
    case Kind::any:
      // One of the shortest of each.
      out.emplace_back();
      for (uint32_t i = 0; i < node.count; ++i) {
        Needs inner = needs(children_[node.first + i], names);
        if (inner.empty()) return {};
        const auto least =
            std::min_element(inner.begin(), inner.end(),
                             [](const auto& a, const auto& b) { return a.size() < b.size(); });
        out.back().insert(out.back().end(), least->begin(), least->end());
      }
      return out;
    case Kind::compare:
      if (node.op != Op::equal) return {};
      break;
    case Kind::one_of:
      break;
    case Kind::negation:
    case Kind::component:
    case Kind::has:
    case Kind::like:
      return {};
  }
  const bool textual = node.type == FilterType::text || node.type == FilterType::loose ||
                       node.type == FilterType::texts;
  if (!textual || node.of_component || node.name >= 64 || ((names >> node.name) & 1) == 0) {
    return {};
  }
  out.emplace_back();
  for (uint32_t i = 0; i < std::max<uint32_t>(node.count, 1); ++i) {
    const Literal& literal = literals_[node.first + i];
    out.back().push_back({node.name, node.key, literal.text});
  }
  return out;
}

void Filter::render_literal(const Literal& literal, FilterType type, std::string& out) const {
  if (type == FilterType::time) {
    out += base::iso8601(base::Time{literal.number.value_or(0)});
  } else if (literal.quoted) {
    quote(literal.text, out);
  } else {
    out += literal.text;
  }
}

void Filter::render(uint32_t at, bool inside, std::string& out) const {
  constexpr std::string_view kOps[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};
  const Node& node = nodes_[at];
  switch (node.kind) {
    case Kind::all:
    case Kind::any:
      if (inside) out += '(';
      for (uint32_t i = 0; i < node.count; ++i) {
        if (i > 0) out += node.kind == Kind::all ? " and " : " or ";
        render(children_[node.first + i], true, out);
      }
      if (inside) out += ')';
      return;
    case Kind::negation:
      out += "not ";
      render(children_[node.first], true, out);
      return;
    case Kind::component:
      out += "component(";
      render(children_[node.first], false, out);
      out += ')';
      return;
    case Kind::has:
      out += "has(" + node.shown + ")";
      return;
    case Kind::like:
      out += node.shown + " like ";
      render_literal(literals_[node.first], FilterType::text, out);
      return;
    case Kind::compare:
      out += node.shown;
      out += kOps[static_cast<size_t>(node.op)];
      render_literal(literals_[node.first], node.type, out);
      return;
    case Kind::one_of:
      out += node.shown + " in (";
      for (uint32_t i = 0; i < node.count; ++i) {
        if (i > 0) out += ", ";
        render_literal(literals_[node.first + i], node.type, out);
      }
      out += ')';
      return;
  }
}

std::string Filter::text() const {
  std::string out;
  if (!nodes_.empty()) render(static_cast<uint32_t>(nodes_.size() - 1), false, out);
  return out;
}

}  // namespace otaru::domain
