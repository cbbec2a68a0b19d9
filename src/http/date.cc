// SPDX-License-Identifier: Apache-2.0
#include "http/date.h"

#include <array>
#include <chrono>

#include "base/encoding.h"

namespace otaru::http {
namespace {

constexpr std::array<std::string_view, 12> kMonthNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDayNames = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

// Eats a date from the left; the first thing that does not fit spoils it.
class DateText {
 public:
  explicit DateText(std::string_view text) : left_(text) {}

  void literal(std::string_view expected) {
    if (left_.substr(0, expected.size()) != expected) return spoil();
    left_.remove_prefix(expected.size());
  }
  int digits(size_t count) {
    const auto value = base::parse_uint(left_.substr(0, count));
    if (left_.size() < count || !value) {
      spoil();
      return 0;
    }
    left_.remove_prefix(count);
    return static_cast<int>(*value);
  }
  unsigned month() {
    for (size_t i = 0; i < kMonthNames.size(); ++i) {
      if (left_.substr(0, 3) != kMonthNames[i]) continue;
      left_.remove_prefix(3);
      return static_cast<unsigned>(i + 1);
    }
    spoil();
    return 1;
  }
  void clock() {
    hour = digits(2);
    literal(":");
    minute = digits(2);
    literal(":");
    second = digits(2);
  }
  // A day's name, whole or its first three letters. Whether it is the right day nobody checks.
  enum class DayName { none, brief, whole };
  DayName day_name() {
    for (const std::string_view name : kDayNames) {
      const bool whole = left_.substr(0, name.size()) == name;
      if (!whole && left_.substr(0, 3) != name.substr(0, 3)) continue;
      left_.remove_prefix(whole ? name.size() : 3);
      return whole ? DayName::whole : DayName::brief;
    }
    spoil();
    return DayName::none;
  }
  bool begins_with(char c) const { return !left_.empty() && left_.front() == c; }
  bool finished() const { return good_ && left_.empty(); }

  int year = 0;
  unsigned month_of_year = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;

 private:
  void spoil() {
    good_ = false;
    left_ = {};
  }
  std::string_view left_;
  bool good_ = true;
};

void read_fixdate(DateText& text) {  // ", 06 Nov 1994 08:49:37 GMT"
  text.literal(", ");
  text.day = text.digits(2);
  text.literal(" ");
  text.month_of_year = text.month();
  text.literal(" ");
  text.year = text.digits(4);
  text.literal(" ");
  text.clock();
  text.literal(" GMT");
}

void read_rfc850(DateText& text) {  // ", 06-Nov-94 08:49:37 GMT"
  text.literal(", ");
  text.day = text.digits(2);
  text.literal("-");
  text.month_of_year = text.month();
  text.literal("-");
  const int year = text.digits(2);
  text.year = year < 70 ? 2000 + year : 1900 + year;
  text.literal(" ");
  text.clock();
  text.literal(" GMT");
}

void read_asctime(DateText& text) {  // " Nov  6 08:49:37 1994"
  text.literal(" ");
  text.month_of_year = text.month();
  text.literal(" ");
  if (text.begins_with(' ')) {
    text.literal(" ");
    text.day = text.digits(1);
  } else {
    text.day = text.digits(2);
  }
  text.literal(" ");
  text.clock();
  text.literal(" ");
  text.year = text.digits(4);
}

}  // namespace

std::optional<base::Time> parse_http_date(std::string_view line) {
  DateText text(line);
  const DateText::DayName name = text.day_name();
  if (name == DateText::DayName::whole) {
    read_rfc850(text);
  } else if (text.begins_with(',')) {
    read_fixdate(text);
  } else {
    read_asctime(text);
  }
  const std::chrono::year_month_day date{std::chrono::year(text.year),
                                         std::chrono::month(text.month_of_year),
                                         std::chrono::day(static_cast<unsigned>(text.day))};
  if (!text.finished() || !date.ok() || text.hour > 23 || text.minute > 59 || text.second > 60) {
    return std::nullopt;
  }
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds = ((days * 24 + text.hour) * 60 + text.minute) * 60 + text.second;
  return base::Time{seconds * base::kSecondMs};
}

}  // namespace otaru::http
