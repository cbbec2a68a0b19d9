// SPDX-License-Identifier: Apache-2.0
#include "inspect/config_text.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::inspect {
namespace {

using base::Code;
using base::Status;
namespace limits = base::limits;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// libconfig: [A-Za-z*][-A-Za-z0-9_*]*; SWUpdate's own examples use dots in no name.
bool is_name(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '*';
}
bool is_number(char c) {
  return is_digit(c) || is_letter(c) || c == '+' || c == '-' || c == '.';
}

void append_utf8(std::string& to, uint32_t point) {
  const auto byte = [&](uint32_t value) { to.push_back(static_cast<char>(value)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | point >> 6);
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
}

class ConfigParser {
 public:
  explicit ConfigParser(std::string_view text) : text_(text) {}

  base::Result<ConfigNode> root() {
    ConfigNode root;
    OTARU_CHECK(blanks());
    // JSON, and sw-descriptions of generators that write the outer braces too.
    if (peek() == '{') {
      ++at_;
      OTARU_CHECK(members(root, '}', 1));
      OTARU_CHECK(blanks());
      if (peek() == ';') ++at_;
      OTARU_CHECK(blanks());
    } else {
      OTARU_CHECK(members(root, '\0', 1));
    }
    if (at_ < text_.size()) return wrong("text goes on after its end");
    return root;
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  tl::unexpected<base::Error> wrong(std::string_view what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<long>(at_), '\n');
    return base::fail(Code::invalid, "line " + std::to_string(line) + ": " + std::string(what));
  }

  // Blanks and the three kinds of comment.
  Status blanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        ++at_;
      } else if (c == '#' || (c == '/' && peek(1) == '/')) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '/' && peek(1) == '*') {
        const size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return wrong("a comment has no end");
        at_ = end + 2;
      } else {
        break;
      }
    }
    return {};
  }

  Status count_one(size_t depth) {
    if (depth > limits::kInspectConfigDepthMax) {
      return base::fail(Code::too_large, "settings are nested deeper than " +
                                             std::to_string(limits::kInspectConfigDepthMax));
    }
    if (++settings_ > limits::kInspectConfigSettingsMax) {
      return base::fail(
          Code::too_large,
          "more than " + std::to_string(limits::kInspectConfigSettingsMax) + " settings");
    }
    return {};
  }

  // Name, '=' or ':', value; with ';' or ',' or nothing behind it.
  Status members(ConfigNode& group, char closing, size_t depth) {
    for (;;) {
      OTARU_CHECK(blanks());
      if (at_ == text_.size() && closing == '\0') return {};
      if (at_ < text_.size() && peek() == closing) {
        ++at_;
        return {};
      }
      if (peek() == '@') {
        return wrong("@include and other directives are refused: one file is read, no other");
      }
      ConfigNode child;
      child.offset = at_;
      OTARU_CHECK(name(child.name));
      OTARU_CHECK(blanks());
      if (peek() != '=' && peek() != ':') return wrong("'=' or ':' is missing after a name");
      ++at_;
      OTARU_CHECK(blanks());
      OTARU_CHECK(value(child, depth));
      group.children.push_back(std::move(child));
      OTARU_CHECK(blanks());
      if (peek() == ';' || peek() == ',') ++at_;
    }
  }

  Status elements(ConfigNode& list, char closing, size_t depth) {
    for (;;) {
      OTARU_CHECK(blanks());
      if (at_ == text_.size()) return wrong("a list has no end");
      if (peek() == closing) {
        ++at_;
        return {};
      }
      ConfigNode child;
      child.offset = at_;
      OTARU_CHECK(value(child, depth));
      list.children.push_back(std::move(child));
      OTARU_CHECK(blanks());
      if (peek() == ',') {
        ++at_;
      } else if (peek() != closing) {
        return wrong("',' or the end of a list is missing");
      }
    }
  }

  Status name(std::string& out) {
    if (peek() == '"') {
      OTARU_CHECK(quoted(out));
    } else {
      const size_t begin = at_;
      while (is_name(peek())) ++at_;
      if (at_ == begin) return wrong("a name is missing");
      out = text_.substr(begin, at_ - begin);
    }
    if (out.size() > limits::kNameBytesMax) return wrong("a name is too long");
    return {};
  }

  Status value(ConfigNode& node, size_t depth) {
    OTARU_CHECK(count_one(depth));
    const char c = peek();
    if (c == '{') {
      ++at_;
      node.kind = ConfigNode::Kind::group;
      return members(node, '}', depth + 1);
    }
    if (c == '(' || c == '[') {
      ++at_;
      node.kind = ConfigNode::Kind::list;
      return elements(node, c == '(' ? ')' : ']', depth + 1);
    }
    if (c == '"') return strings(node);
    const size_t begin = at_;
    while (is_number(peek())) ++at_;
    if (at_ == begin) return wrong("a value is missing");
    node.text = text_.substr(begin, at_ - begin);
    node.value_offset = begin;
    node.value_size = node.text.size();
    const std::string word = base::lower(node.text);
    if (word == "true" || word == "false" || word == "null") {
      node.kind = ConfigNode::Kind::flag;
    } else if (is_digit(word.front()) || word.front() == '-' || word.front() == '+' ||
               word.front() == '.') {
      node.kind = ConfigNode::Kind::number;
    } else {
      return wrong("a value is neither text, number nor flag");
    }
    return {};
  }

  // Strings that follow one another are one string.
  Status strings(ConfigNode& node) {
    node.kind = ConfigNode::Kind::text;
    node.value_offset = at_ + 1;
    while (peek() == '"') {
      OTARU_CHECK(quoted(node.text));
      node.value_size = at_ - 1 - node.value_offset;
      OTARU_CHECK(blanks());
    }
    return {};
  }

  Status quoted(std::string& out) {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (c == '\\') {
        escape(out);
      } else {
        out.push_back(c);
      }
    }
    return wrong("a string has no end");
  }

  // Leaves `at_` on the last byte of the escape. What neither syntax knows stays as it is.
  void escape(std::string& out) {
    const char c = peek(1);
    const auto hex = [&](size_t digits) -> bool {
      const auto code = base::unhex(text_.substr(std::min(at_ + 2, text_.size()), digits));
      if (!code || code->size() * 2 != digits) return false;
      uint32_t point = 0;
      for (const char byte : *code) point = point << 8 | static_cast<unsigned char>(byte);
      append_utf8(out, point);
      at_ += 1 + digits;
      return true;
    };
    constexpr std::string_view kLetters = "nrtfab\"\\/";
    constexpr std::string_view kMeanings = "\n\r\t\f\a\b\"\\/";
    if (const size_t known = kLetters.find(c); c != '\0' && known != std::string_view::npos) {
      out.push_back(kMeanings[known]);
      ++at_;
    } else if (!(c == 'x' && hex(2)) && !(c == 'u' && hex(4))) {
      out.push_back('\\');
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t settings_ = 0;
};

}  // namespace

const ConfigNode* ConfigNode::find(std::string_view child) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const ConfigNode& node) { return node.name == child; });
  return kind == Kind::group && found != children.end() ? &*found : nullptr;
}

std::string_view ConfigNode::text_of(std::string_view child) const {
  const ConfigNode* node = find(child);
  return node == nullptr ? std::string_view() : std::string_view(node->text);
}

base::Result<ConfigNode> read_config_text(std::string_view text) {
  if (text.size() > limits::kInspectConfigBytesMax) {
    return base::fail(
        Code::too_large,
        "the text is larger than " + std::to_string(limits::kInspectConfigBytesMax) + " bytes");
  }
  return ConfigParser(text).root();
}

}  // namespace otaru::inspect
