// SPDX-License-Identifier: Apache-2.0
#include "http/multipart.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "http/multipart_stream.h"

namespace otaru::http {
namespace {

TEST(Multipart, Boundary) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), "a b");
  for (const char* value : {"", "multipart/form-data", "multipart/form-data; boundary=",
                            "multipart/mixed; boundary=x", "multipart/form-data; boundary=\"x"}) {
    EXPECT_EQ(multipart_boundary(value), std::nullopt) << value;
  }
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'x')),
            std::nullopt);
}

TEST(Multipart, FieldsAndFiles) {
  const std::string body =
      "preamble\r\n--b1\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\naa\r\n"
      "--b1 \r\ncontent-disposition: form-data; name=file; filename=\"x \\\"y\\\".bin\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n\r\n--b11\r\nbinary\r\n"
      "--b1\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--b1--\r\nepilogue";
  const auto parts = parse_multipart(body, "b1");
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_EQ((*parts)[0].name, "user");
  EXPECT_EQ((*parts)[0].data, "aa");
  EXPECT_EQ((*parts)[0].filename, std::nullopt);
  EXPECT_EQ((*parts)[1].filename, "x \"y\".bin");
  EXPECT_EQ((*parts)[1].content_type, "application/octet-stream");
  EXPECT_EQ((*parts)[1].data, "\r\n--b11\r\nbinary");
  EXPECT_EQ((*parts)[2].data, "");
  EXPECT_EQ(find_part(*parts, "file"), &(*parts)[1]);
  EXPECT_EQ(find_part(*parts, "none"), nullptr);
  const auto none = parse_multipart("--b--", "b");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST(Multipart, RefusesWhatIsBroken) {
  const std::string head = "--b\r\nContent-Disposition: form-data; name=a\r\n";
  for (const std::string& body : {
           std::string(),
           std::string("no boundary"),
           head + "\r\nnever ended",
           head,
           std::string("--b\r\n\r\nno disposition\r\n--b--"),
           std::string("--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--"),
           std::string("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
           std::string("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--"),
           head + "Content-Disposition: form-data; name=b\r\n\r\nx\r\n--b--",
           head + "bad header\r\n\r\nx\r\n--b--",
           std::string("--bx\r\n"),
       }) {
    const auto parts = parse_multipart(body, "b");
    ASSERT_FALSE(parts) << body;
    EXPECT_EQ(parts.error().code, base::Code::invalid) << body;
  }
}

TEST(Multipart, Limits) {
  std::string many;
  for (size_t i = 0; i < base::limits::kMultipartPartsMax; ++i) {
    many += "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  }
  EXPECT_TRUE(parse_multipart(many + "--b--", "b"));
  const auto over = parse_multipart(
      many + "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--", "b");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, base::Code::too_large);
  const std::string long_head(base::limits::kMultipartHeadBytesMax, 'x');
  const auto large = parse_multipart("--b\r\nX: " + long_head + "\r\n\r\nx\r\n--b--", "b");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, base::Code::too_large);
}

struct Written final : MultipartHandler {
  std::string text;
  base::Status part(const MultipartPart& head) override {
    text += "<" + head.name + (head.filename ? "|" + *head.filename : "") + ">";
    return {};
  }
  base::Status data(std::string_view bytes) override {
    text += bytes;
    return text.size() > 10'000 ? base::fail(base::Code::unavailable, "full") : base::Status();
  }
  base::Status end() override {
    text += "</>";
    return {};
  }
};

TEST(MultipartStream, IsTheSameHoweverItIsCut) {
  const std::string body =
      "preamble\r\n--b1\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\naa\r\n"
      "--b1 \r\ncontent-disposition: form-data; name=file; filename=x.bin\r\n\r\n"
      "\r\n--b11\r\n--b1-\r\n\r\nbinary\r\n"
      "--b1\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--b1--\r\nepilogue";
  const std::string wanted = "<user>aa</><file|x.bin>\r\n--b11\r\n--b1-\r\n\r\nbinary</><></>";
  for (size_t step = 1; step <= body.size(); ++step) {
    MultipartStream stream("b1");
    Written got;
    for (size_t at = 0; at < body.size(); at += step) {
      ASSERT_TRUE(stream.feed(std::string_view(body).substr(at, step), got));
    }
    EXPECT_EQ(got.text, wanted) << step;
    EXPECT_TRUE(stream.done());
  }
}

TEST(MultipartStream, WhatItRefuses) {
  const std::string head = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n";
  const auto feed = [](const std::string& body) {
    MultipartStream stream("b");
    Written got;
    const auto fed = stream.feed(body, got);
    return fed ? (stream.done() ? "done" : "more") : std::string(base::code_name(fed.error().code));
  };
  EXPECT_EQ(feed(head + "x\r\n--b--"), "done");
  EXPECT_EQ(feed(head + "x\r\n--b-"), "more");
  EXPECT_EQ(feed(head + "x"), "more");
  EXPECT_EQ(feed("no boundary at all"), "more");
  EXPECT_EQ(feed("--b\r\n\r\n"), "invalid");
  EXPECT_EQ(feed("--b\r\nno colon\r\n\r\n"), "invalid");
  EXPECT_EQ(feed("--b\r\nX: " + std::string(20'000, 'x')), "too_large");
  EXPECT_EQ(feed(head + std::string(20'000, 'x')), "unavailable");
  std::string many;
  for (size_t i = 0; i <= base::limits::kMultipartPartsMax; ++i) many += head + "\r\n";
  EXPECT_EQ(feed(many), "too_large");
}

}  // namespace
}  // namespace otaru::http
