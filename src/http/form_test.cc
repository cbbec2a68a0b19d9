// SPDX-License-Identifier: Apache-2.0
#include "http/form.h"

#include <gtest/gtest.h>

namespace otaru::http {
namespace {

TEST(FormReader, WalksUndecodedPairs) {
  FormReader reader("a=1&&b=x=y&c&=v&d=");
  std::string seen;
  while (const auto pair = reader.next()) {
    seen += "[" + std::string(pair->name) + "|" + std::string(pair->value) + "]";
  }
  EXPECT_EQ(seen, "[a|1][b|x=y][c|][|v][d|]");
  EXPECT_FALSE(FormReader("").next());
}

TEST(Form, DecodesAndFirstWins) {
  const auto form = Form::parse("name=%E6%B5%8B&a=1%202&a=3&plus=1+2", base::Plus::space);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->text("name"), "\xE6\xB5\x8B");
  EXPECT_EQ(form->text("a"), "1 2");
  EXPECT_EQ(form->text("plus"), "1 2");
  EXPECT_EQ(form->fields().size(), 4u);
  EXPECT_FALSE(form->text("none"));
  EXPECT_EQ(Form::parse("p=1+2", base::Plus::literal)->text("p"), "1+2");
}

TEST(Form, BrokenEscapes) {
  for (const char* text : {"a=%", "a=%4", "a=%zz", "%=1"}) {
    const auto strict = Form::parse(text, base::Plus::space);
    ASSERT_FALSE(strict) << text;
    EXPECT_EQ(strict.error().code, base::Code::invalid);
  }
  const auto lenient = Form::parse_lenient("a=50%&b=2", base::Plus::space);
  ASSERT_TRUE(lenient);
  EXPECT_FALSE(lenient->text("a"));
  ASSERT_NE(lenient->find("a"), nullptr);
  EXPECT_TRUE(lenient->find("a")->broken);
  EXPECT_EQ(lenient->find("a")->value, "50%");
  EXPECT_EQ(lenient->text("b"), "2");
}

TEST(Form, FieldLimit) {
  EXPECT_TRUE(Form::parse("a&b&c", base::Plus::space, 3));
  const auto over = Form::parse_lenient("a&b&c&d", base::Plus::space, 3);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, base::Code::too_large);
}

TEST(FormValue, LooksUpOneValue) {
  const std::string query = "dev_id=1&%6eame=x&broken=%&dev_id=2";
  EXPECT_EQ(form_value(query, "dev_id", base::Plus::space).value(), "1");
  EXPECT_EQ(form_value(query, "name", base::Plus::space).value(), "x");
  EXPECT_EQ(form_value(query, "none", base::Plus::space).value(), std::nullopt);
  EXPECT_FALSE(form_value(query, "broken", base::Plus::space));
  EXPECT_EQ(form_value("a+b=1", "a b", base::Plus::space).value(), "1");
  EXPECT_EQ(form_value("a+b=1", "a+b", base::Plus::space).value(), std::nullopt);
  EXPECT_EQ(form_value("a+b=1", "a+b", base::Plus::literal).value(), "1");
}

}  // namespace
}  // namespace otaru::http
