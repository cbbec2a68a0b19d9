// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <gtest/gtest.h>

namespace otaru::cli {
namespace {

base::JsonDocument parsed(std::string_view text) {
  auto document = base::JsonDocument::parse(text);
  EXPECT_TRUE(document.has_value()) << text;
  return std::move(*document);
}

TEST(Output, MeasuresWhatATerminalShows) {
  EXPECT_EQ(display_width("lamp"), 4u);
  EXPECT_EQ(display_width("\u706F"), 2u);      // a CJK character
  EXPECT_EQ(display_width("e\u0301"), 1u);     // with a combining accent
  EXPECT_EQ(display_width("\U0001F4A1"), 2u);  // an emoji
  EXPECT_EQ(display_width("\xff"), 1u);        // no UTF-8
}

TEST(Output, LetsNothingMoveTheCursor) {
  EXPECT_EQ(printable("a\x1b[31mb\x07\r\nc\td\x7f"), "a [31mb   c d ");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "31m"),
            "a 31m");  // C1 CSI as UTF-8
  EXPECT_EQ(printable("a\x9b"
                      "31m"),
            "a?31m");                                    // C1 CSI as a bare byte
  EXPECT_EQ(printable("1.0\u202E0.2"), "1.00.2");        // right-to-left override
  EXPECT_EQ(printable("\u706F\uFFFD"), "\u706F\uFFFD");  // ordinary text stays
  EXPECT_EQ(printable("\xe7\x81"), "??");                // cut short
}

TEST(Output, EscapesTheSameInJson) {
  const auto document = parsed("{\"a\":\"x\\u001b[2J\xc2\x9b\\u007f\u202e\"}");
  EXPECT_EQ(json_line(document.root()), "{\"a\":\"x\\u001b[2J\\u009b\\u007f\\u202e\"}");
  // Still the same value.
  const auto again = parsed(json_line(document.root()));
  EXPECT_EQ(again.root().find("a").text(), document.root().find("a").text());
}

TEST(Output, AlignsTables) {
  const std::vector<Column> columns = {{"ID", "id"}, {"NAME", "name"}, {"STATE", "state"}};
  EXPECT_EQ(format_table(columns, {{"7", "\u706F", "draft"}, {"12", "lamp", "published"}}),
            "ID  NAME  STATE\n"
            " 7  \u706F    draft\n"
            "12  lamp  published\n");
}

TEST(Output, ShowsVeryLongValuesWhole) {
  const std::string longest(5000, 'x');
  const auto table = format_table({{"A", "a"}, {"B", "b"}}, {{longest, "1"}});
  EXPECT_NE(table.find(longest + "  1\n"), std::string::npos);
}

TEST(Output, ShowsValuesAsWords) {
  const auto document =
      parsed(R"({"a":true,"b":null,"c":[1,2],"d":{"x":"y"},"e":"","f":1.5,"g":[]})");
  EXPECT_EQ(value_text(document.root().find("a")), "yes");
  EXPECT_EQ(value_text(document.root().find("b")), "-");
  EXPECT_EQ(value_text(document.root().find("c")), "1, 2");
  EXPECT_EQ(value_text(document.root().find("d")), "x=y");
  EXPECT_EQ(value_text(document.root().find("e")), "");
  EXPECT_EQ(value_text(document.root().find("f")), "1.5");
  EXPECT_EQ(value_text(document.root().find("g")), "-");
  EXPECT_EQ(value_text(member_at(document.root(), "d.x")), "y");
  EXPECT_EQ(value_text(member_at(document.root().find("d").find("x"), "")), "y");
}

TEST(Output, DetailsNestAndStaySafe) {
  const auto document = parsed("{\"name\":\"a\\u001bb\",\"target\":{\"release\":3}}");
  EXPECT_EQ(format_details(parsed(R"({"model":""})").root()), "model  -\n");
  EXPECT_EQ(format_details(document.root()), "name    a b\ntarget\n  release  3\n");
}

TEST(Output, SaysHowFarATransferIs) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(200 << 20), "200.0 MiB");
  EXPECT_EQ(progress_line("f", 50, 100, 0), "f [############............] 50 %  50 B of 100 B");
  EXPECT_EQ(progress_line("f", 100, 100, 2),
            "f [########################] 100 %  100 B of 100 B  50 B/s");
  // The rate is that of what came, not of what was there before.
  EXPECT_NE(progress_line("f", 600, 1000, 2, 400).find("100 B/s  4 s left"), std::string::npos);
  EXPECT_NE(progress_line("f", 1, 1000, 1).find("1 B/s  16 min left"), std::string::npos);
  EXPECT_NE(progress_line("f", 0, 0, 0).find("100 %"), std::string::npos);
}

TEST(Output, ExitCodesTellWhatWentWrong) {
  EXPECT_EQ(print_error({base::Code::invalid, "x", {}}), 2);
  EXPECT_EQ(print_error({base::Code::unavailable, "x", {}}), 3);
  EXPECT_EQ(print_error({base::Code::conflict, "x", {}}), 1);
  EXPECT_EQ(print_error({base::Code::not_found, "x", {}}), 1);
  ApiReply reply;
  reply.status = 503;
  reply.body = "<html>";
  EXPECT_EQ(print_refusal(reply), 1);
}

TEST(Output, ARefusalKeepsTheServersSentenceAndRemedy) {
  ApiReply reply;
  reply.status = 404;
  reply.body = R"({"detail":"no such product","remedy":"list them"})";
  const auto error = refusal_error(reply);
  EXPECT_EQ(error.code, base::Code::not_found);
  EXPECT_EQ(error.message, "no such product (list them)");
}

}  // namespace
}  // namespace otaru::cli
