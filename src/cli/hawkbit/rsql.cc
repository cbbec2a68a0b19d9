// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/rsql.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/time.h"
#include "domain/device_filter.h"
#include "domain/names.h"

namespace otaru::cli::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;

// What an argument, or a selector, without quotes may not have (rsql-parser, "reserved").
constexpr std::string_view kReserved = "\"'();,=!~<> \t\r\n";
constexpr std::string_view kBlanks = " \t\r\n";

enum class Op { equal, different, less, less_equal, greater, greater_equal, in, out, is, is_not };

enum class FieldKind { text, texts, loose, time };

struct Field {
  std::string name;  // in Otaru's language
  FieldKind kind = FieldKind::text;
};

// A text as a literal of Otaru's language; nothing when it has characters that none can have.
std::optional<std::string> quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const size_t escaped = std::string_view("\n\t\r").find(c);
    if (escaped != std::string_view::npos) {
      out += '\\';
      out += std::string_view("ntr")[escaped];
      continue;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// hawkBit's pattern knows '*' and, for the character itself, "\*".
bool has_wildcard(std::string_view value) {
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '*' && (i == 0 || value[i - 1] != '\\')) return true;
  }
  return false;
}

std::string glob_of(std::string_view value) {
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\\' && i + 1 < value.size() && value[i + 1] == '*') {
      out += "\\*";
      ++i;
    } else {
      if (c == '?' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

// Fields that hawkBit filters by and Otaru knows nothing of, with the reason.
std::string_view why_not(std::string_view field) {
  if (field == "updatestatus") return "whether a device is up to date is asked per deployment here";
  if (field == "ipaddress" || field == "address") return "addresses of devices are not kept";
  if (field == "assignedds") return "what a device is to get is a deployment here, not a state";
  if (field == "installedds") {
    return "what a device runs is its components here: product and version";
  }
  if (field == "createdby" || field == "lastmodifiedby" || field == "lastmodifiedat") {
    return "who changed a device, and when, is in the journal here";
  }
  return "it is no field of hawkBit's targets";
}

class RsqlReader {
 public:
  explicit RsqlReader(std::string_view text) : text_(text) {}

  base::Result<std::string> run() {
    OTARU_TRY(out, read_or(0));
    skip_blanks();
    if (at_ != text_.size()) return base::fail(wrong("expected the end, ';', ',', 'and' or 'or'"));
    return std::move(out);
  }
  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  // --- Reading ----------------------------------------------------------------------------------

  base::Error wrong(const std::string& what) const {
    return {Code::invalid, "column " + std::to_string(at_ + 1) + ": " + what, {}};
  }
  void skip_blanks() {
    while (at_ < text_.size() && kBlanks.find(text_[at_]) != kBlanks.npos) ++at_;
  }
  bool take(std::string_view symbol) {
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  // "and" and "or" stand between blanks (or a parenthesis), else they begin a name.
  bool take_word(std::string_view word) {
    const std::string_view rest = text_.substr(at_);
    if (base::lower(rest.substr(0, word.size())) != word) return false;
    const bool ends = rest.size() > word.size() &&
                      (kBlanks.find(rest[word.size()]) != kBlanks.npos || rest[word.size()] == '(');
    const bool begins =
        at_ > 0 && (kBlanks.find(text_[at_ - 1]) != kBlanks.npos || text_[at_ - 1] == ')');
    if (!ends || !begins) return false;
    at_ += word.size();
    return true;
  }

  base::Result<std::string> read_or(size_t depth) {
    if (depth > limits::kFilterDepthMax) {
      return base::fail(Code::too_large, "it is too deeply nested");
    }
    std::string out;
    size_t parts = 0;
    while (true) {
      OTARU_TRY(part, read_and(depth));
      out += (parts == 0 ? "" : " or ") + part;
      ++parts;
      skip_blanks();
      if (!take(",") && !take_word("or")) break;
    }
    return parts > 1 ? "(" + out + ")" : out;
  }

  base::Result<std::string> read_and(size_t depth) {
    std::string out;
    while (true) {
      OTARU_TRY(part, read_constraint(depth));
      out += (out.empty() ? "" : " and ") + part;
      skip_blanks();
      if (!take(";") && !take_word("and")) return out;
    }
  }

  base::Result<std::string> read_constraint(size_t depth) {
    skip_blanks();
    if (++constraints_ > limits::kFilterNodesMax) {
      return base::fail(Code::too_large, "it has too many conditions");
    }
    if (take("(")) {
      OTARU_TRY(inner, read_or(depth + 1));
      skip_blanks();
      if (!take(")")) return base::fail(wrong("expected ')'"));
      return "(" + inner + ")";
    }
    return read_comparison();
  }

  std::string read_plain() {
    const size_t end = std::min(text_.find_first_of(kReserved, at_), text_.size());
    std::string out(text_.substr(at_, end - at_));
    at_ = end;
    return out;
  }

  base::Result<std::string> read_argument() {
    skip_blanks();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '"' && quote != '\'') {
      std::string plain = read_plain();
      if (plain.empty()) return base::fail(wrong("expected a value"));
      return plain;
    }
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return out;
      }
      // A backslash takes the next character as it is (rsql-parser 2.1).
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      out += text_[at_];
    }
    return base::fail(wrong("the text has no closing quote"));
  }

  base::Result<std::vector<std::string>> read_arguments() {
    skip_blanks();
    std::vector<std::string> out;
    if (!take("(")) {
      OTARU_TRY(only, read_argument());
      out.push_back(std::move(only));
      return out;
    }
    do {
      if (out.size() == limits::kFilterNodesMax) {
        return base::fail(Code::too_large, "a list has too many values");
      }
      OTARU_TRY(one, read_argument());
      out.push_back(std::move(one));
      skip_blanks();
    } while (take(","));
    if (!take(")")) return base::fail(wrong("expected ',' or ')'"));
    return out;
  }

  base::Result<Op> read_operator() {
    skip_blanks();
    constexpr std::pair<std::string_view, Op> kOperators[] = {
        {"==", Op::equal},        {"!=", Op::different},     {"=lt=", Op::less},
        {"=le=", Op::less_equal}, {"=gt=", Op::greater},     {"=ge=", Op::greater_equal},
        {"<=", Op::less_equal},   {">=", Op::greater_equal}, {"<", Op::less},
        {">", Op::greater},       {"=in=", Op::in},          {"=out=", Op::out},
        {"=is=", Op::is},         {"=eq=", Op::is},          {"=not=", Op::is_not},
        {"=ne=", Op::is_not}};
    for (const auto& [symbol, op] : kOperators) {
      if (take(symbol)) return op;
    }
    return base::fail(wrong("expected a comparison such as '==', '!=', '=in=' or '=lt='"));
  }

  // --- Meaning ----------------------------------------------------------------------------------

  base::Result<Field> field_of(const std::string& selector) const {
    const size_t dot = selector.find('.');
    const std::string field = base::lower(selector.substr(0, dot));
    const std::string sub = dot == std::string::npos ? "" : selector.substr(dot + 1);
    const bool map = field == "attribute" || field == "metadata";
    if (map) {
      const auto key = quoted(sub);
      if (sub.empty() || !key) return base::fail(Code::invalid, "'" + field + "' needs a name");
      if (field == "metadata" && is_own_attribute(sub)) {
        return base::fail(Code::invalid, "metadata '" + sub +
                                             "': the import uses this name itself, and leaves "
                                             "metadata of it out");
      }
      return Field{(field == "attribute" ? "reported." : "set.") + *key, FieldKind::loose};
    }
    const auto set = [](std::string_view name) {
      return Field{"set." + std::string(name), FieldKind::loose};
    };
    const std::string part = base::lower(sub);
    if (field == "tag" && (part.empty() || part == "name")) return Field{"tag", FieldKind::texts};
    if ((field == "targettype" || field == "type") && (part.empty() || part == "name")) {
      return set(kTypeAttribute);
    }
    if (part.empty()) {
      if (field == "id" || field == "controllerid") return Field{"key", FieldKind::text};
      if (field == "name") return set(kNameAttribute);
      if (field == "description") return set(kDescriptionAttribute);
      if (field == "group") return set(kGroupAttribute);
      if (field == "createdat") return Field{"created_at", FieldKind::time};
      if (field == "lastcontrollerrequestat") return Field{"last_seen", FieldKind::time};
    }
    return base::fail(Code::invalid,
                      "'" + domain::printable(selector) + "': " + std::string(why_not(field)));
  }

  // Times are milliseconds since 1970 in hawkBit.
  base::Result<std::string> literal_of(const Field& field, const std::string& value) const {
    if (value.find("${") != std::string::npos) {
      return base::fail(Code::invalid, "'" + domain::printable(value) +
                                           "': filters here know no moment of asking");
    }
    if (field.kind == FieldKind::time) {
      const auto ms = base::parse_int(value);
      if (!ms || *ms < 0 || *ms > kTimeMsMax) {
        return base::fail(Code::invalid,
                          "'" + domain::printable(value) + "' is no time in milliseconds");
      }
      return base::iso8601(base::Time{*ms});
    }
    auto text = quoted(value);
    if (!text) return base::fail(Code::invalid, "a value has control characters");
    return std::move(*text);
  }

  // One value: equal to it, or like it where it has a '*'.
  base::Result<std::string> matches(const Field& field, const std::string& value) {
    OTARU_TRY(literal, literal_of(field, value));
    if (field.kind == FieldKind::time || !has_wildcard(value)) {
      return field.name + " == " + literal;
    }
    OTARU_TRY(pattern, literal_of(field, glob_of(value)));
    return field.name + " like " + pattern;
  }

  base::Result<std::string> one_of(const Field& field, const std::vector<std::string>& values) {
    std::string out = field.name + " in (";
    for (size_t i = 0; i < values.size(); ++i) {
      OTARU_TRY(literal, literal_of(field, values[i]));
      out += (i == 0 ? "" : ", ") + literal;
    }
    return out + ")";
  }

  base::Result<std::string> ordered(const Field& field, Op op, const std::string& value) {
    if (field.kind == FieldKind::texts) {
      return base::fail(Code::invalid, "tags have no order here");
    }
    if (field.kind == FieldKind::loose && base::parse_int(value)) {
      note("'" + domain::printable(value) +
           "' is compared as a number here where both are numbers; hawkBit compares texts, in "
           "which 10 comes before 9");
    }
    OTARU_TRY(literal, literal_of(field, value));
    const std::string_view symbol = op == Op::less         ? " < "
                                    : op == Op::less_equal ? " <= "
                                    : op == Op::greater    ? " > "
                                                           : " >= ";
    return field.name + std::string(symbol) + literal;
  }

  base::Result<std::string> read_comparison() {
    const std::string selector = read_plain();
    if (selector.empty()) return base::fail(wrong("expected the name of a field, or '('"));
    OTARU_TRY(op, read_operator());
    OTARU_TRY(values, read_arguments());
    OTARU_TRY(field, field_of(selector));
    if (op != Op::in && op != Op::out && values.size() > 1) {
      return base::fail(wrong("this comparison takes one value"));
    }
    const std::string& value = values.front();
    const std::string has = "has(" + field.name + ")";
    const bool null = (op == Op::is || op == Op::is_not) && value == "null";
    switch (op) {
      case Op::equal:
      case Op::is: {
        if (null) return "not " + has;
        OTARU_TRY(same, matches(field, value));
        // An empty text stands for "none" too (hawkBit's RsqlParser says so).
        return value.empty() ? "(not " + has + " or " + same + ")" : same;
      }
      // hawkBit's "different" holds where there is nothing; ours asks for something.
      case Op::different:
      case Op::is_not: {
        if (null) return has;
        OTARU_TRY(same, matches(field, value));
        return value.empty() ? "(" + has + " and not " + same + ")" : "not " + same;
      }
      case Op::in:
        return one_of(field, values);
      case Op::out: {
        OTARU_TRY(some, one_of(field, values));
        return "not " + some;
      }
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal:
        return ordered(field, op, value);
    }
    return base::fail(wrong("this comparison is unknown"));
  }

  void note(const std::string& text) {
    if (std::find(notes_.begin(), notes_.end(), text) == notes_.end()) notes_.push_back(text);
  }

  static constexpr int64_t kTimeMsMax = 253'402'300'799'999;  // the end of the year 9999

  std::string_view text_;
  size_t at_ = 0;
  size_t constraints_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace

bool is_own_attribute(std::string_view name) {
  return name == kNameAttribute || name == kDescriptionAttribute || name == kTypeAttribute ||
         name == kGroupAttribute || name == kProductAttribute;
}

base::Result<Translation> translate_rsql(std::string_view query) {
  if (query.size() > limits::kFilterBytesMax) {
    return base::fail(Code::too_large,
                      "it is longer than " + std::to_string(limits::kFilterBytesMax) + " bytes");
  }
  if (!base::valid_utf8(query)) return base::fail(Code::invalid, "it is not UTF-8");
  RsqlReader reader(query);
  OTARU_TRY(text, reader.run());
  OTARU_TRY(filter, domain::Filter::compile(text, domain::group_words()));
  return Translation{filter.text(), reader.take_notes()};
}

}  // namespace otaru::cli::hawkbit
