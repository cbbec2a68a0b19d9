// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <gtest/gtest.h>

#include "http/service.h"

namespace otaru::http {
namespace {

TEST(Response, HeadKeepsOrderAndFillsSlots) {
  Response r(200);
  r.header("Server", "x").slot(Slot::date).header("Content-Type", "text/plain");
  r.slot(Slot::content_length).slot(Slot::connection).text("hello");
  EXPECT_EQ(serialize_head(r, {true, 1, "DATE"}),
            "HTTP/1.1 200 OK\r\nServer: x\r\nDate: DATE\r\nContent-Type: text/plain\r\n"
            "Content-Length: 5\r\nConnection: keep-alive\r\n\r\n");
}

TEST(Response, FramingDecidesTheLengthHeader) {
  Response r(200);
  r.slot(Slot::content_length).slot(Slot::connection_if_close).text("x");
  r.framing = Framing::chunked;
  EXPECT_EQ(serialize_head(r, {true, 1, {}}),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(serialize_head(r, {false, 0, {}}), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(Response, ValuesCannotSplitTheHead) {
  Response r(200);
  r.header("X", std::string("a\r\nInjected: 1\n\0b", 17));
  EXPECT_EQ(serialize_head(r, {}), "HTTP/1.1 200 OK\r\nX: a  Injected: 1  b\r\n\r\n");
}

TEST(Responder, AnswersOnceEvenWhenForgotten) {
  int status = 0;
  int count = 0;
  const auto send = [&](Response&& r) {
    status = r.status;
    ++count;
  };
  { const Responder forgotten{send}; }
  EXPECT_EQ(status, 500);
  Responder first{send};
  Responder second{send};
  first = std::move(second);  // what `first` held is answered
  EXPECT_EQ(count, 2);
  first.respond(Response(204));
  EXPECT_EQ(status, 204);
  EXPECT_EQ(count, 3);
}

}  // namespace
}  // namespace otaru::http
