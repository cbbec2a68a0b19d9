// SPDX-License-Identifier: Apache-2.0
// From the text of a filter to its nodes (the grammar is in docs/filter.md). Names and types are
// checked here, so that what comes out can only be true or false.
#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/time.h"
#include "domain/filter.h"
#include "domain/names.h"

namespace otaru::domain {

struct FilterToken {
  enum class Kind { end, word, text, number, time, symbol } kind = Kind::end;
  size_t at = 0;
  std::string text;  // a string's value, else as it was written
};

namespace {

namespace limits = base::limits;
using base::Code;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_keyword(std::string_view word) {
  constexpr std::string_view kWords[] = {"and", "or",   "not",   "in",       "like",
                                         "has", "true", "false", "component"};
  return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
}
// What a name may look like without quotes.
bool is_plain_name(std::string_view text) {
  if (text.empty() || !is_letter(text[0]) || text.back() == '.' || is_keyword(text)) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; });
}

std::string shown(const FilterToken& token) {
  if (token.kind == FilterToken::Kind::end) return "the end";
  return "'" + printable(token.text) + "'";
}

}  // namespace

class FilterParser {
 public:
  FilterParser(std::string_view text, const FilterVocabulary& words) : text_(text), words_(words) {}

  base::Result<Filter> run() {
    if (text_.size() > limits::kFilterBytesMax) {
      return base::fail_field(
          Code::too_large, "filter",
          "the filter is longer than " + std::to_string(limits::kFilterBytesMax) + " bytes");
    }
    if (!base::valid_utf8(text_)) {
      return base::fail_field(Code::invalid, "filter", "column 1: the filter is not UTF-8");
    }
    OTARU_CHECK(advance());
    if (token_.kind == FilterToken::Kind::end) return Filter();
    OTARU_TRY(root, parse_any(0));
    if (token_.kind != FilterToken::Kind::end)
      return base::fail(expected("'and', 'or' or the end"));
    OTARU_CHECK(add(std::move(root)));
    return std::move(filter_);
  }

 private:
  using Kind = Filter::Kind;
  using Node = Filter::Node;
  using Literal = Filter::Literal;
  // A node before it has its place: children are laid out when it is added.
  struct Draft {
    Node node;
    std::vector<Draft> children;
    std::vector<Literal> literals;
  };
  using Drafted = base::Result<Draft>;

  base::Error error(size_t at, const std::string& message, Code code = Code::invalid) const {
    size_t column = 1;
    for (size_t i = 0; i < at && i < text_.size(); ++i) {
      if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) ++column;
    }
    return base::fail_field(code, "filter", "column " + std::to_string(column) + ": " + message,
                            "see docs/filter.md")
        .value();
  }
  base::Error expected(const std::string& what) const {
    return error(token_.at, "expected " + what + ", found " + shown(token_));
  }

  // --- Tokens -----------------------------------------------------------------------------------

  base::Status advance() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
    token_ = FilterToken();
    token_.at = at_;
    if (at_ == text_.size()) return {};
    const char c = text_[at_];
    if (c == '"') return read_string();
    const bool negative = c == '-' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]);
    if (is_digit(c) || negative) return read_number();
    if (is_letter(c)) return read_word();
    token_.kind = FilterToken::Kind::symbol;
    for (const std::string_view symbol : {"==", "!=", "<=", ">=", "<", ">", "(", ")", ","}) {
      if (!text_.substr(at_).starts_with(symbol)) continue;
      token_.text = std::string(symbol);
      at_ += symbol.size();
      return {};
    }
    if (c == '=') return base::fail(error(at_, "expected '==', found '='"));
    if (c == '\'') return base::fail(error(at_, "texts stand in double quotes"));
    return base::fail(error(at_, "this character has no meaning here"));
  }

  base::Status read_string() {
    token_.kind = FilterToken::Kind::text;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        return base::fail(error(at_, "a text has a control character"));
      }
      if (c == '\\') {
        if (++at_ == text_.size()) break;
        constexpr std::string_view kFrom = "\"\\ntr";
        constexpr std::string_view kTo = "\"\\\n\t\r";
        const size_t which = kFrom.find(text_[at_]);
        if (which == kFrom.npos) {
          return base::fail(error(at_ - 1, R"(expected \", \\, \n, \t or \r)"));
        }
        c = kTo[which];
      }
      token_.text += c;
    }
    return base::fail(error(token_.at, "the text has no closing quote"));
  }

  // An integer, or a time: 2026-05-01, 2026-05-01T12:00:00Z.
  base::Status read_number() {
    const size_t begin = at_++;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    token_.kind = FilterToken::Kind::number;
    if (at_ < text_.size() && text_[at_] == '-') {
      token_.kind = FilterToken::Kind::time;
      constexpr std::string_view kOfTimes = "-:.TZ+";
      while (at_ < text_.size() &&
             (is_digit(text_[at_]) || kOfTimes.find(text_[at_]) != kOfTimes.npos)) {
        ++at_;
      }
    } else if (at_ < text_.size() && text_[at_] == '.') {
      return base::fail(error(begin, "versions and other texts stand in double quotes"));
    } else if (at_ < text_.size() && is_letter(text_[at_])) {
      return base::fail(error(begin, "texts stand in double quotes"));
    }
    token_.text = std::string(text_.substr(begin, at_ - begin));
    return {};
  }

  // A name may have parts, the last of them quoted: attribute."odd name".
  base::Status read_word() {
    const size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]) ||
                                  text_[at_] == '-' || text_[at_] == '.')) {
      ++at_;
    }
    std::string word(text_.substr(begin, at_ - begin));
    if (word.back() == '.' && at_ < text_.size() && text_[at_] == '"') {
      token_.at = at_;
      OTARU_CHECK(read_string());
      word += token_.text;
      quoted_key_ = true;
    } else {
      quoted_key_ = false;
    }
    token_ = {FilterToken::Kind::word, begin, std::move(word)};
    return {};
  }

  bool is_word(std::string_view word) const {
    return token_.kind == FilterToken::Kind::word && !quoted_key_ && token_.text == word;
  }
  bool is_symbol(std::string_view symbol) const {
    return token_.kind == FilterToken::Kind::symbol && token_.text == symbol;
  }
  base::Status take_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) return base::fail(expected("'" + std::string(symbol) + "'"));
    return advance();
  }

  // --- Expressions ------------------------------------------------------------------------------

  Drafted parse_any(size_t depth) { return parse_chain(Kind::any, "or", depth); }

  // One or more joined by `and` or `or`; a chain within a chain of its kind is spliced in.
  Drafted parse_chain(Kind kind, std::string_view word, size_t depth) {
    Draft out;
    out.node.kind = kind;
    while (true) {
      OTARU_TRY(part,
                kind == Kind::any ? parse_chain(Kind::all, "and", depth) : parse_unary(depth));
      if (part.node.kind == kind) {
        for (auto& inner : part.children) out.children.push_back(std::move(inner));
      } else {
        out.children.push_back(std::move(part));
      }
      if (!is_word(word)) break;
      OTARU_CHECK(advance());
    }
    if (out.children.size() > 1) return out;
    Draft only = std::move(out.children.front());
    return only;
  }

  Drafted parse_unary(size_t depth) {
    if (depth > limits::kFilterDepthMax) {
      return base::fail(error(token_.at, "too deeply nested", Code::too_large));
    }
    if (is_word("not")) {
      OTARU_CHECK(advance());
      OTARU_TRY(child, parse_unary(depth + 1));
      return around(Kind::negation, std::move(child));
    }
    if (is_symbol("(")) {
      OTARU_CHECK(advance());
      OTARU_TRY(inner, parse_any(depth + 1));
      OTARU_CHECK(take_symbol(")"));
      return std::move(inner);
    }
    if (is_word("component")) return parse_component(depth);
    return parse_condition();
  }

  static Draft around(Kind kind, Draft child) {
    Draft out;
    out.node.kind = kind;
    out.children.push_back(std::move(child));
    return out;
  }

  Drafted parse_component(size_t depth) {
    const bool known = std::any_of(words_.names.begin(), words_.names.end(),
                                   [](const FilterName& name) { return name.of_component; });
    if (!known) return base::fail(error(token_.at, "a " + thing() + " has no components"));
    if (inside_component_) return base::fail(error(token_.at, "component() is not nested"));
    OTARU_CHECK(advance());
    OTARU_CHECK(take_symbol("("));
    inside_component_ = true;
    auto inner = parse_any(depth + 1);
    inside_component_ = false;
    if (!inner) return inner;
    OTARU_CHECK(take_symbol(")"));
    return around(Kind::component, std::move(*inner));
  }

  std::string thing() const { return std::string(words_.thing); }

  Drafted parse_condition() {
    Draft out;
    if (is_word("has")) {
      OTARU_CHECK(advance());
      OTARU_CHECK(take_symbol("("));
      OTARU_CHECK(take_name(out.node));
      OTARU_CHECK(take_symbol(")"));
      out.node.kind = Kind::has;
      return out;
    }
    OTARU_CHECK(take_name(out.node));
    if (is_word("in")) {
      OTARU_CHECK(advance());
      OTARU_CHECK(take_symbol("("));
      out.node.kind = Kind::one_of;
      while (true) {
        OTARU_TRY(literal, take_literal(out.node.type));
        out.literals.push_back(std::move(literal));
        if (!is_symbol(",")) break;
        OTARU_CHECK(advance());
      }
      OTARU_CHECK(take_symbol(")"));
      return out;
    }
    if (is_word("like")) return parse_like(std::move(out));
    return parse_comparison(std::move(out));
  }

  Drafted parse_like(Draft out) {
    const FilterType type = out.node.type;
    if (type == FilterType::integer || type == FilterType::boolean || type == FilterType::time) {
      return base::fail(error(token_.at, "'like' compares texts; " + out.node.shown + " is none"));
    }
    OTARU_CHECK(advance());
    if (token_.kind != FilterToken::Kind::text) return base::fail(expected("a text in quotes"));
    out.node.kind = Kind::like;
    out.literals.push_back({token_.text, std::nullopt, true});
    OTARU_CHECK(advance());
    return out;
  }

  Drafted parse_comparison(Draft out) {
    constexpr std::string_view kOps[] = {"==", "!=", "<", "<=", ">", ">="};
    const auto* op = token_.kind == FilterToken::Kind::symbol
                         ? std::find(std::begin(kOps), std::end(kOps), token_.text)
                         : std::end(kOps);
    if (op == std::end(kOps)) return base::fail(expected("a comparison, 'in' or 'like'"));
    out.node.kind = Kind::compare;
    out.node.op = static_cast<Filter::Op>(op - kOps);
    const bool ordered = out.node.type != FilterType::boolean && out.node.type != FilterType::texts;
    if (!ordered && out.node.op > Filter::Op::different) {
      return base::fail(error(token_.at, out.node.shown + " only knows == and !="));
    }
    OTARU_CHECK(advance());
    OTARU_TRY(literal, take_literal(out.node.type));
    out.literals.push_back(std::move(literal));
    return out;
  }

  // --- Names and literals -----------------------------------------------------------------------

  base::Status take_name(Node& node) {
    const bool keyword = !quoted_key_ && is_keyword(token_.text);
    if (token_.kind != FilterToken::Kind::word || keyword) {
      return base::fail(expected("the name of a member, 'not', 'has' or '('"));
    }
    const auto index = find_name(node.key);
    if (!index) return base::fail(unknown_name());
    const FilterName& name = words_.names[*index];
    node.name = static_cast<uint32_t>(*index);
    node.type = name.type;
    node.of_component = name.of_component;
    node.shown = shown_name(*index, node.key);
    if (name.of_component && !inside_component_) filter_.asks_components_ = true;
    return advance();
  }

  std::optional<size_t> find_name(std::string& key) const {
    const std::string_view word = token_.text;
    for (size_t i = 0; i < words_.names.size(); ++i) {
      const std::string_view name = words_.names[i].name;
      if (name.back() == '.' && word.size() > name.size() && word.starts_with(name)) {
        key = std::string(word.substr(name.size()));
        return i;
      }
      if (!quoted_key_ && name == word) return i;
    }
    if (words_.bare < 0 || quoted_key_ || !is_plain_name(word)) return std::nullopt;
    key = std::string(word);
    return static_cast<size_t>(words_.bare);
  }

  // A name without prefix where that is read the same way.
  std::string shown_name(size_t index, const std::string& key) const {
    const std::string_view name = words_.names[index].name;
    if (name.back() != '.') return std::string(name);
    const auto taken = [&](const FilterName& other) {
      return other.name == key || (other.name.back() == '.' && key.starts_with(other.name));
    };
    const bool plain = is_plain_name(key);
    if (static_cast<int>(index) == words_.bare && plain &&
        std::none_of(words_.names.begin(), words_.names.end(), taken)) {
      return key;
    }
    std::string out(name);
    const bool all_plain = std::all_of(key.begin(), key.end(), [](char c) {
      return is_letter(c) || is_digit(c) || c == '-' || c == '.';
    });
    if (all_plain && key.back() != '.') return out + key;
    out += '"';
    for (const char c : key) {
      constexpr std::string_view kFrom = "\"\\\n\t\r";
      constexpr std::string_view kTo = "\"\\ntr";
      const size_t which = kFrom.find(c);
      if (which != kFrom.npos) out += '\\';
      out += which == kFrom.npos ? c : kTo[which];
    }
    return out + '"';
  }

  base::Error unknown_name() const {
    std::string message = "a " + thing() + " has no member " + shown(token_) + "; there are:";
    for (const auto& name : words_.names) {
      message += ' ';
      message += name.name;
      if (name.name.back() == '.') message += "NAME";
    }
    return error(token_.at, message);
  }

  base::Result<Literal> take_literal(FilterType type) {
    if (++literals_ > limits::kFilterNodesMax) {
      return base::fail(error(token_.at, "too many values", Code::too_large));
    }
    OTARU_TRY(literal, read_literal(type));
    OTARU_CHECK(advance());
    return std::move(literal);
  }

  base::Result<Literal> read_literal(FilterType type) const {
    using Token = FilterToken::Kind;
    const bool truth = is_word("true") || is_word("false");
    const bool quoted = token_.kind == Token::text;
    const bool number = token_.kind == Token::number;
    const bool time = token_.kind == Token::time;
    if (!quoted && !number && !time && !truth) return base::fail(expected("a value"));
    const auto integer = base::parse_int(token_.text);
    if (number && !integer) return base::fail(error(token_.at, "the number is too large"));
    switch (type) {
      case FilterType::text:
      case FilterType::texts:
      case FilterType::version:
        if (truth || time) return base::fail(expected("a text in quotes"));
        return Literal{token_.text, std::nullopt, true};
      case FilterType::loose:
        // A text that looks like a number is compared as one where both are.
        if (number) return Literal{std::to_string(*integer), integer, false};
        return Literal{token_.text, quoted ? integer : std::nullopt, true};
      case FilterType::integer:
        if (!integer) return base::fail(expected("an integer"));
        return Literal{std::to_string(*integer), integer, false};
      case FilterType::boolean:
        if (!truth) return base::fail(expected("true or false"));
        return Literal{token_.text, token_.text == "true" ? 1 : 0, false};
      case FilterType::time:
        return read_time();
    }
    return base::fail(expected("a value"));
  }

  base::Result<Literal> read_time() const {
    std::string text = token_.text;
    if (text.size() == 10) text += "T00:00:00Z";
    base::Time out;
    if (token_.kind == FilterToken::Kind::number || !base::parse_iso8601(text, out)) {
      return base::fail(expected("a time such as 2026-05-01 or 2026-05-01T12:00:00Z"));
    }
    return Literal{base::iso8601(out), out.ms, false};
  }

  // Children first: the root is the last node, and the layout follows from the expression alone.
  base::Status add(Draft draft) {
    std::vector<uint32_t> children;
    for (auto& child : draft.children) {
      OTARU_CHECK(add(std::move(child)));
      children.push_back(static_cast<uint32_t>(filter_.nodes_.size() - 1));
    }
    if (filter_.nodes_.size() >= limits::kFilterNodesMax) {
      return base::fail_field(
          Code::too_large, "filter",
          "the filter has more than " + std::to_string(limits::kFilterNodesMax) + " conditions");
    }
    Node& node = draft.node;
    if (!children.empty()) {
      node.first = static_cast<uint32_t>(filter_.children_.size());
      node.count = static_cast<uint32_t>(children.size());
      filter_.children_.insert(filter_.children_.end(), children.begin(), children.end());
    } else {
      node.first = static_cast<uint32_t>(filter_.literals_.size());
      node.count = static_cast<uint32_t>(draft.literals.size());
      for (auto& literal : draft.literals) filter_.literals_.push_back(std::move(literal));
    }
    filter_.nodes_.push_back(std::move(node));
    return {};
  }

  std::string_view text_;
  const FilterVocabulary& words_;
  size_t at_ = 0;
  FilterToken token_;
  bool quoted_key_ = false;  // of the current word
  bool inside_component_ = false;
  size_t literals_ = 0;
  Filter filter_;
};

base::Result<Filter> Filter::compile(std::string_view text, const FilterVocabulary& words) {
  return FilterParser(text, words).run();
}

}  // namespace otaru::domain
