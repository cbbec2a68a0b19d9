// SPDX-License-Identifier: Apache-2.0
// Windows as people write them: "Mon-Fri 22:00-06:00".
#include <array>

#include "base/limits.h"
#include "domain/window.h"

namespace otaru::domain {
namespace {

constexpr std::array<std::string_view, 7> kDayNames = {"Mon", "Tue", "Wed", "Thu",
                                                       "Fri", "Sat", "Sun"};
constexpr std::string_view kWindowRemedy =
    "write a window as Mon-Fri 22:00-06:00, Sat,Sun 00:00-24:00 or daily 02:00-04:00";

// Reads one list of windows from the left; the first thing that is wrong is kept with its column.
class WindowReader {
 public:
  explicit WindowReader(std::string_view text) : text_(text) {}

  base::Result<std::vector<Window>> list() {
    std::vector<Window> out;
    do {
      if (out.size() == base::limits::kWindowsMax) {
        return base::fail_rule(
            base::Code::too_large, "windows", "max_items",
            "there are more than " + std::to_string(base::limits::kWindowsMax) + " windows");
      }
      OTARU_TRY(window, one());
      out.push_back(window);
    } while (take(';'));
    OTARU_CHECK(end());
    return out;
  }

  base::Result<Window> one() {
    Window window;
    blanks();
    if (letter(peek())) {
      OTARU_TRY(days, day_set());
      window.days = days;
      if (peek() != ' ') return wrong("a blank and a time such as 22:00");
    }
    blanks();
    OTARU_TRY(from, minute(false));
    window.from_minute = from;
    blanks();
    if (!take('-')) return wrong("'-' and the time at which the window ends");
    blanks();
    OTARU_TRY(to, minute(true));
    window.to_minute = to;
    blanks();
    return window;
  }

  base::Status end() {
    if (at_ < text_.size()) return wrong("the end, or ';' and another window");
    return {};
  }

 private:
  static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void blanks() {
    while (peek() == ' ') ++at_;
  }

  tl::unexpected<base::Error> wrong(std::string_view expected) const {
    return base::fail_rule(
        base::Code::invalid, "windows", "window",
        "column " + std::to_string(at_ + 1) + ": expected " + std::string(expected),
        std::string(kWindowRemedy));
  }

  bool word_is(std::string_view word, std::string_view name) const {
    if (word.size() != name.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      if ((word[i] | 0x20) != (name[i] | 0x20)) return false;
    }
    return true;
  }

  std::string_view word() {
    const size_t from = at_;
    while (letter(peek())) ++at_;
    return text_.substr(from, at_ - from);
  }

  base::Result<size_t> day() {
    const size_t from = at_;
    const std::string_view said = word();
    for (size_t i = 0; i < kDayNames.size(); ++i) {
      if (word_is(said, kDayNames[i])) return i;
    }
    at_ = from;
    return wrong("Mon, Tue, Wed, Thu, Fri, Sat, Sun or daily");
  }

  base::Result<int64_t> day_set() {
    const size_t from = at_;
    if (word_is(word(), "daily")) return kEveryDay;
    at_ = from;
    unsigned days = 0;
    do {
      OTARU_TRY(first, day());
      size_t last = first;
      if (take('-')) {
        OTARU_TRY(until, day());
        last = until;
      }
      days |= 1U << first;
      for (size_t i = first; i != last;) {
        i = (i + 1) % 7;
        days |= 1U << i;
      }
    } while (take(','));
    return static_cast<int64_t>(days);
  }

  // "24:00" only where a window ends: midnight of the next day.
  base::Result<int64_t> minute(bool ends) {
    constexpr std::string_view kWanted = "a time from 00:00 to 23:59";
    const size_t from = at_;
    if (text_.size() - at_ < 5 || !digit(text_[at_]) || !digit(text_[at_ + 1]) ||
        text_[at_ + 2] != ':' || !digit(text_[at_ + 3]) || !digit(text_[at_ + 4])) {
      return wrong(kWanted);
    }
    const auto number = [&](size_t at) { return (text_[at] - '0') * 10 + text_[at + 1] - '0'; };
    const int64_t hours = number(from);
    const int64_t minutes = number(from + 3);
    at_ += 5;
    if (digit(peek())) return wrong("two digits of minutes");
    if (ends && hours == 24 && minutes == 0) return 0;
    if (hours > 23 || minutes > 59) {
      at_ = from;
      return wrong(ends ? "a time from 00:00 to 24:00" : kWanted);
    }
    return hours * 60 + minutes;
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::string clock_text(int64_t minute) {
  const auto two = [](int64_t number) {
    return std::string{static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
  };
  return two(minute / 60) + ":" + two(minute % 60);
}

std::string days_text(unsigned days) {
  if ((days & kEveryDay) == kEveryDay) return "daily";
  std::string out;
  for (size_t i = 0; i < kDayNames.size();) {
    if ((days >> i & 1U) == 0) {
      ++i;
      continue;
    }
    size_t last = i;
    while (last + 1 < kDayNames.size() && (days >> (last + 1) & 1U) != 0) ++last;
    if (!out.empty()) out += ",";
    out += kDayNames[i];
    if (last > i) out += (last == i + 1 ? "," : "-") + std::string(kDayNames[last]);
    i = last + 1;
  }
  return out;
}

}  // namespace

base::Result<Window> parse_window(std::string_view text) {
  WindowReader reader(text);
  OTARU_TRY(window, reader.one());
  OTARU_CHECK(reader.end());
  return window;
}

base::Result<std::vector<Window>> parse_windows(std::string_view text) {
  return WindowReader(text).list();
}

std::string text_of(const Window& window) {
  // Midnight at the end is written as people do.
  const int64_t to = window.to_minute == 0 ? 24 * 60 : window.to_minute;
  return days_text(static_cast<unsigned>(window.days)) + " " + clock_text(window.from_minute) +
         "-" + clock_text(to);
}

std::string text_of(const std::vector<Window>& windows) {
  std::string out;
  for (const Window& window : windows) {
    if (!out.empty()) out += "; ";
    out += text_of(window);
  }
  return out;
}

}  // namespace otaru::domain
