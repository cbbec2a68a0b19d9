// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

#include <string>

namespace otaru::base {
namespace {

Code json_error(std::string_view text, const JsonRules& rules = {}) {
  const auto document = JsonDocument::parse(text, rules);
  EXPECT_FALSE(document) << text;
  return document ? Code::internal : document.error().code;
}

TEST(Json, ReadsEveryKindOfValue) {
  const auto document = JsonDocument::parse(
      R"({"text":"a\u00e9\n","int":-5,"big":9223372036854775807,"real":1.5,"yes":true,"no":null,)"
      R"("list":[1,"2"]})");
  ASSERT_TRUE(document);
  const JsonView root = document->root();
  EXPECT_EQ(root.find("text").text(), "a\xc3\xa9\n");
  EXPECT_EQ(root.find("int").integer(), -5);
  EXPECT_EQ(root.find("big").integer(), 9223372036854775807);
  EXPECT_EQ(root.find("real").number(), 1.5);
  EXPECT_FALSE(root.find("real").integer());
  EXPECT_EQ(root.find("yes").boolean(), true);
  EXPECT_TRUE(root.find("no").is_null());
  EXPECT_EQ(root.find("list").size(), 2u);
  EXPECT_EQ(root.find("list").at(0).text_or_integer(), "1");
  EXPECT_EQ(root.find("list").at(1).text_or_integer(), "2");
  EXPECT_EQ(root.key_at(1), "int");
  EXPECT_EQ(root.at(1).integer(), -5);
}

TEST(Json, LookUpsOfWhatIsNotThereChain) {
  const auto document = JsonDocument::parse(R"({"a":1})");
  ASSERT_TRUE(document);
  const JsonView nothing = document->root().find("b").find("c").at(7);
  EXPECT_FALSE(nothing.exists());
  EXPECT_FALSE(nothing.text());
  EXPECT_FALSE(nothing.integer());
  EXPECT_EQ(nothing.size(), 0u);
  EXPECT_EQ(nothing.key_at(0), "");
  EXPECT_FALSE(document->root().find("a").text());
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string_view text :
       {"", " ", "{", "{\"a\":}", "{\"a\":1,}", "[1 2]", "nul", "\"a", "{\"a\":1}x", "{'a':1}",
        "[01]", "[1.]", "[1e999]", "\"\\q\"", "\"\\ud800\"", "\"a\nb\"", "// c\n1"}) {
    EXPECT_EQ(json_error(text), Code::invalid) << text;
  }
  EXPECT_EQ(json_error(std::string_view("[1]\0[2]", 7)), Code::invalid);
}

TEST(Json, RefusesDuplicateKeys) {
  EXPECT_EQ(json_error(R"({"a":1,"b":{"c":1,"c":2}})"), Code::invalid);
  // Few and many keys are compared in different ways.
  for (const int count : {2, 15, 16, 17, 18, 200}) {
    std::string text = "{\"k0\":0";
    for (int i = 1; i < count; ++i) text += ",\"k" + std::to_string(i) + "\":0";
    EXPECT_TRUE(JsonDocument::parse(text + "}")) << count;
    EXPECT_EQ(json_error(text + ",\"k0\":1}"), Code::invalid) << count;
    EXPECT_EQ(json_error(text + ",\"k" + std::to_string(count - 1) + "\":1}"), Code::invalid);
  }
}

TEST(Json, RefusesBrokenUtf8AlsoAtTheVeryEnd) {
  // Lead bytes of two, three and four byte sequences that the text ends in the middle of: a reader
  // that only looks for the final NUL would step over it.
  for (const std::string_view end :
       {"\xc3", "\xe5", "\xe5\xbf", "\xf0", "\xf0\x9f", "\xf0\x9f\x98"}) {
    std::string text = "{\"a string long enough to live on the heap\":\"" + std::string(end);
    text.shrink_to_fit();
    EXPECT_EQ(json_error(text), Code::invalid);
    EXPECT_EQ(json_error(text, {.raw_control_characters = true}), Code::invalid);
  }
  EXPECT_EQ(json_error("\"\xff\""), Code::invalid);
  EXPECT_EQ(json_error("\"\xc0\x80\""), Code::invalid);
}

TEST(Json, EscapesGiveNoLoneSurrogates) {
  EXPECT_TRUE(JsonDocument::parse(R"(["\ud83d\ude00"])"));
  for (const std::string_view text : {R"(["\ud83d"])", R"(["\ude00"])", R"(["\uD41D\uDE00"])",
                                      R"({"\udfff":1})", R"([[{"a":"\udc00"}]])"}) {
    EXPECT_EQ(json_error(text), Code::invalid) << text;
  }
}

TEST(Json, LimitsHold) {
  JsonRules rules;
  rules.depth_max = 3;
  rules.members_max = 2;
  rules.elements_max = 5;
  EXPECT_TRUE(JsonDocument::parse("[[[1]]]", rules));
  EXPECT_EQ(json_error("[[[[1]]]]", rules), Code::too_large);
  EXPECT_EQ(json_error(R"({"a":1,"b":2,"c":3})", rules), Code::too_large);
  EXPECT_EQ(json_error("[1,2,3,4,5,6]", rules), Code::too_large);
  // A hundred thousand brackets must not be able to exhaust the stack.
  EXPECT_EQ(json_error(std::string(100'000, '[')), Code::too_large);
  // A quote inside a comment hides nothing from the count.
  rules.comments_and_trailing_commas = true;
  EXPECT_EQ(json_error("/*\"*/[[[[1]]]]/*\"*/", rules), Code::too_large);
}

TEST(Json, LooseRulesReadWhatDevicesSend) {
  const auto commented = JsonDocument::parse("{\"a\": 1, // one\n \"b\": [1,2,], /* two */ }",
                                             {.comments_and_trailing_commas = true});
  ASSERT_TRUE(commented);
  EXPECT_EQ(commented->root().find("b").size(), 2u);
  const auto raw = JsonDocument::parse("{\"a\":\"x\ny\tz\"}", {.raw_control_characters = true});
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->root().find("a").text(), "x\ny\tz");
}

TEST(Json, ErrorsNameThePlaceAndNeverTheText) {
  const auto document = JsonDocument::parse(R"({"password":"hunter2",})");
  ASSERT_FALSE(document);
  EXPECT_NE(document.error().message.find("byte 22"), std::string::npos)
      << document.error().message;
  EXPECT_EQ(document.error().message.find("hunter2"), std::string::npos);
}

TEST(JsonWriter, KeepsTheOrderAndEscapes) {
  JsonWriter writer;
  writer.begin_object();
  writer.member("z", 1);
  writer.member("a", "quote \" slash \\ line \n bell \x07 \xe6\x9d\x83");
  writer.key("list");
  writer.begin_array();
  writer.value(true);
  writer.null();
  writer.value(0.5);
  writer.begin_object();
  writer.end_object();
  writer.raw("{\"r\":1}");
  writer.end_array();
  writer.null_member("n");
  writer.end_object();
  EXPECT_EQ(writer.text(),
            "{\"z\":1,\"a\":\"quote \\\" slash \\\\ line \\n bell \\u0007 \xe6\x9d\x83\","
            "\"list\":[true,null,0.5,{},{\"r\":1}],\"n\":null}");
  EXPECT_TRUE(JsonDocument::parse(writer.text()));
}

TEST(JsonWriter, WhatIsNoNumberIsNull) {
  JsonWriter writer;
  writer.begin_array();
  writer.value(std::numeric_limits<double>::infinity());
  writer.value(std::numeric_limits<int64_t>::min());
  writer.end_array();
  EXPECT_EQ(writer.take(), "[null,-9223372036854775808]");
}

}  // namespace
}  // namespace otaru::base
