// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <gtest/gtest.h>

namespace otaru::base {
namespace {

std::string shape(std::string_view bytes, bool last = true, size_t fields_max = 8) {
  CsvRecord record;
  switch (read_csv_record(bytes, last, fields_max, record)) {
    case CsvRead::more:
      return "more";
    case CsvRead::wrong:
      return "wrong: " + record.why + " " + std::to_string(record.used);
    case CsvRead::record:
      break;
  }
  std::string out;
  for (const auto& field : record.fields) {
    out += (field.quoted ? "<" : "[") + field.text + (field.quoted ? ">" : "]");
  }
  return out + " " + std::to_string(record.used) + "/" + std::to_string(record.lines);
}

TEST(Csv, Records) {
  EXPECT_EQ(shape("a,b,c\nd"), "[a][b][c] 6/1");
  EXPECT_EQ(shape("a,b\r\nd"), "[a][b] 5/1");
  EXPECT_EQ(shape("a,,\n"), "[a][][] 4/1");
  EXPECT_EQ(shape("a,\"\",\" x\"\n"), "[a]<>< x> 10/1");
  EXPECT_EQ(shape("\"a\"\"b\",\"c\r\nd,e\"\n"), "<a\"b><c\r\nd,e> 16/2");
  EXPECT_EQ(shape("a"), "[a] 1/0");
  EXPECT_EQ(shape("\n"), "[] 1/1");
}

TEST(Csv, WrongRecordsEndWithTheirLine) {
  EXPECT_EQ(shape("a,b\"c\nd\n"), "wrong: a quote or a carriage return stands within a field 6");
  EXPECT_EQ(shape("\"a\"b,c\nd\n"), "wrong: there is text behind a quoted field 7");
  EXPECT_EQ(shape("a\rb\nc"), "wrong: a quote or a carriage return stands within a field 4");
  EXPECT_EQ(shape("\"a\nb"), "wrong: a quoted field has no closing quote 3");
  EXPECT_EQ(shape("a,b,c\n", true, 2), "wrong: it has too many fields 6");
}

TEST(Csv, AnyCutEitherWaitsOrIsTheSame) {
  const std::string text = "a,\"b\"\"\r\n\",\"\"\r\nnext\n";
  const std::string whole = shape(text, false);
  for (size_t cut = 1; cut <= text.size(); ++cut) {
    const std::string part = shape(text.substr(0, cut), false);
    EXPECT_TRUE(part == "more" || part == whole) << cut << ": " << part;
  }
}

TEST(Csv, WhatIsWrittenIsReadAgain) {
  for (const std::string text : {"", "a", "a b", "a,b", "a\"b", "a\nb", "\r"}) {
    std::string line;
    append_csv_field(text, line);
    line += ",x\r\n";
    CsvRecord record;
    ASSERT_EQ(read_csv_record(line, true, 8, record), CsvRead::record);
    EXPECT_EQ(record.fields[0].text, text);
    EXPECT_EQ(record.used, line.size());
  }
}

}  // namespace
}  // namespace otaru::base
