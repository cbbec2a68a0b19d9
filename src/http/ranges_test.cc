// SPDX-License-Identifier: Apache-2.0
#include "http/ranges.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "http/date.h"

namespace otaru::http {
namespace {

using Kind = RangeRequest::Kind;
using Ranges = std::vector<ByteRange>;

TEST(HttpDate, ThreeForms) {
  const base::Time t{784'111'777'000};
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), t);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), t);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), t);
  EXPECT_EQ(parse_http_date(base::http_date(t)), t);
  for (const char* text : {"", "yesterday", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 0x Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nox 1994 08:49:37 GMT", "784111777"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(ParseRange, SingleRanges) {
  const auto one = [](std::string_view header) {
    const RangeRequest r = parse_range(header, 1000);
    return r.kind == Kind::some && r.ranges.size() == 1 ? r.ranges[0] : ByteRange{-1, -1};
  };
  EXPECT_EQ(one("bytes=0-0"), (ByteRange{0, 0}));
  EXPECT_EQ(one("bytes=10-19"), (ByteRange{10, 19}));
  EXPECT_EQ(one("bytes=990-"), (ByteRange{990, 999}));
  EXPECT_EQ(one("bytes=0-2000"), (ByteRange{0, 999}));
  EXPECT_EQ(one("bytes=0-99999999999999999999999"), (ByteRange{0, 999}));
  EXPECT_EQ(one("bytes=-1"), (ByteRange{999, 999}));
  EXPECT_EQ(one("bytes=-99999999999999999999999"), (ByteRange{0, 999}));
  EXPECT_EQ(one("BYTES= 5-6 ,"), (ByteRange{5, 6}));
}

TEST(ParseRange, InvalidMeansEverything) {
  for (const char* text :
       {"", "bytes", "bytes=", "bytes=,", "bytes=abc", "bytes=10-5", "bytes=-", "bytes=0-9;20-29",
        "bytes 0-9", "bytes=0x0-0x9", "bytes=+1-5", "bytes=1.5-3", "bytes=--5", "bytes=1-2,x",
        "items=0-5", "bytes =0-5", "0-5", "bytes=0-5=1", "bytes=0 -5"}) {
    EXPECT_EQ(parse_range(text, 1000).kind, Kind::whole) << text;
  }
}

TEST(ParseRange, Unsatisfiable) {
  for (const char* text : {"bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=1000-,2000-",
                           "bytes=99999999999999999999-"}) {
    EXPECT_EQ(parse_range(text, 1000).kind, Kind::unsatisfiable) << text;
  }
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, Kind::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=-5", 0).kind, Kind::unsatisfiable);
}

TEST(ParseRange, ManyStayInOrderAndApart) {
  EXPECT_EQ(parse_range("bytes=100-109,0-9 , 5-14,,-5", 1000).ranges,
            (Ranges{{100, 109}, {0, 9}, {5, 14}, {995, 999}}));
  EXPECT_EQ(parse_range("bytes=0-9,2000-", 1000).ranges, (Ranges{{0, 9}}));
}

TEST(ParseRange, BombsAreAnsweredWithTheWholeFile) {
  std::string same = "bytes=0-";
  for (int i = 0; i < 9; ++i) same += ",0-";
  EXPECT_EQ(parse_range(same, 1000).kind, Kind::whole);
  std::string many = "bytes=0-0";
  for (size_t i = 1; i < base::limits::kRangesMax; ++i) many += ",0-0";
  EXPECT_EQ(parse_range(many, 100'000).ranges.size(), base::limits::kRangesMax);
  EXPECT_EQ(parse_range(many + ",0-0", 100'000).kind, Kind::whole);
  // No overflow, however large the file.
  EXPECT_EQ(parse_range("bytes=0-,0-,0-", INT64_MAX).kind, Kind::whole);
}

class Downloads : public ::testing::Test {
 protected:
  Downloads() {
    const int fd = ::memfd_create("download", MFD_CLOEXEC);
    EXPECT_EQ(::write(fd, text_.data(), text_.size()), static_cast<ssize_t>(text_.size()));
    what_.file = std::make_shared<FileHandle>(fd, static_cast<int64_t>(text_.size()));
    what_.etag = "\"abc\"";
    what_.last_modified = base::Time{784'111'777'500};  // half a second is not in any header
    what_.headers = {{"Content-Disposition", "attachment"}};
  }

  Response ask(std::vector<HeaderView> headers, Method method = Method::get) {
    Request request;
    request.method = method;
    request.headers = std::move(headers);
    return download(request, what_);
  }
  // The body as it will be on the wire.
  std::string body(const Response& r) {
    std::string out;
    for (const Piece& piece : r.body) {
      if (const auto* text = std::get_if<std::string>(&piece)) {
        out += *text;
      } else {
        const auto& slice = std::get<FileSlice>(piece);
        std::string bytes(static_cast<size_t>(slice.length), '\0');
        EXPECT_EQ(::pread(slice.file->fd(), bytes.data(), bytes.size(), slice.offset),
                  static_cast<ssize_t>(bytes.size()));
        out += bytes;
      }
    }
    return out;
  }

  const std::string text_ = "0123456789abcdefghij";
  const std::string date_ = "Sun, 06 Nov 1994 08:49:37 GMT";
  Download what_;
};

TEST_F(Downloads, WholeFileHasAllHeadersInOrder) {
  const Response r = ask({});
  EXPECT_EQ(serialize_head(r, {true, 1, "now"}),
            "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: application/octet-stream\r\n"
            "Content-Length: 20\r\nLast-Modified: " +
                date_ +
                "\r\nETag: \"abc\"\r\nAccept-Ranges: bytes\r\n"
                "Content-Disposition: attachment\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(body(r), text_);
  EXPECT_EQ(serialize_head(ask({}, Method::head), {}), serialize_head(r, {}));
  EXPECT_TRUE(ask({}, Method::head).body.empty());
}

TEST_F(Downloads, OneRange) {
  const Response r = ask({{"Range", "bytes=5-9"}});
  EXPECT_EQ(r.status, 206);
  EXPECT_EQ(r.headers.back().name, "Content-Range");
  EXPECT_EQ(r.headers.back().value, "bytes 5-9/20");
  EXPECT_EQ(r.body_length(), 5);
  EXPECT_EQ(body(r), "56789");
  EXPECT_EQ(ask({{"Range", "bytes=5-9"}}, Method::head).status, 200);
  EXPECT_EQ(ask({{"Range", "bytes=5-9"}, {"Range", "bytes=5-9"}}).status, 200);
}

TEST_F(Downloads, ManyRanges) {
  const Response r = ask({{"Range", "bytes=10-11,0-1"}});
  EXPECT_EQ(r.status, 206);
  EXPECT_EQ(r.find("Content-Range"), nullptr);
  const std::string type = r.find("Content-Type")->value;
  const std::string prefix = "multipart/byteranges; boundary=";
  ASSERT_EQ(type.substr(0, prefix.size()), prefix);
  const std::string boundary = type.substr(prefix.size());
  EXPECT_EQ(boundary.find_first_not_of("0123456789abcdef"), std::string::npos);
  const std::string part =
      "\r\n--" + boundary + "\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ";
  const std::string expected =
      part + "10-11/20\r\n\r\nab" + part + "0-1/20\r\n\r\n01\r\n--" + boundary + "--\r\n";
  EXPECT_EQ(body(r), expected);
  EXPECT_EQ(r.body_length(), static_cast<int64_t>(expected.size()));
}

TEST_F(Downloads, Unsatisfiable) {
  const Response r = ask({{"Range", "bytes=20-"}});
  EXPECT_EQ(r.status, 416);
  EXPECT_EQ(r.find("Content-Range")->value, "bytes */20");
  EXPECT_EQ(r.body_length(), 0);
}

TEST_F(Downloads, IfRange) {
  const auto status = [this](std::string_view value) {
    return ask({{"Range", "bytes=5-9"}, {"If-Range", value}}).status;
  };
  EXPECT_EQ(status("\"abc\""), 206);
  EXPECT_EQ(status(date_), 206);
  EXPECT_EQ(status("\"other\""), 200);
  EXPECT_EQ(status("W/\"abc\""), 200);
  EXPECT_EQ(status("Sun, 06 Nov 1994 08:49:38 GMT"), 200);
  EXPECT_EQ(status("yesterday"), 200);
  EXPECT_EQ(ask({{"Range", "bytes=20-"}, {"If-Range", "\"other\""}}).status, 200);
}

TEST_F(Downloads, Preconditions) {
  const std::string later = "Sun, 06 Nov 1994 08:49:38 GMT";
  const std::string earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
  const struct {
    std::vector<HeaderView> headers;
    int status;
  } cases[] = {
      {{{"If-None-Match", "\"abc\""}}, 304},
      {{{"If-None-Match", "W/\"abc\""}}, 304},
      {{{"If-None-Match", "*"}}, 304},
      {{{"If-None-Match", "\"x,\", \"abc\""}}, 304},
      {{{"If-None-Match", "\"x\""}, {"If-None-Match", "\"abc\""}}, 304},
      {{{"If-None-Match", "\"x\", abc"}}, 200},
      {{{"If-None-Match", "\"zzz\""}, {"If-Modified-Since", date_}}, 200},
      {{{"If-None-Match", "\"abc\""}, {"Range", "bytes=0-9"}}, 304},
      {{{"If-Modified-Since", date_}}, 304},
      {{{"If-Modified-Since", later}}, 304},
      {{{"If-Modified-Since", earlier}}, 200},
      {{{"If-Modified-Since", "yesterday"}}, 200},
      {{{"If-Match", "\"abc\""}}, 200},
      {{{"If-Match", "*"}}, 200},
      {{{"If-Match", "\"x\", \"abc\""}}, 200},
      {{{"If-Match", "W/\"abc\""}}, 412},
      {{{"If-Match", "\"zzz\""}}, 412},
      {{{"If-Match", ""}}, 412},
      {{{"If-Match", "\"abc\""}, {"If-Unmodified-Since", earlier}}, 200},
      {{{"If-Unmodified-Since", earlier}}, 412},
      {{{"If-Unmodified-Since", date_}}, 200},
      {{{"If-Unmodified-Since", "yesterday"}}, 200},
      {{{"If-Match", "\"zzz\""}, {"If-None-Match", "\"abc\""}}, 412},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ask(c.headers).status, c.status) << c.headers[0].name << ": " << c.headers[0].value;
    EXPECT_EQ(ask(c.headers, Method::head).status, c.status) << c.headers[0].value;
  }
  const Response r = ask({{"If-None-Match", "*"}});
  EXPECT_EQ(serialize_head(r, {true, 1, "now"}),
            "HTTP/1.1 304 Not Modified\r\nDate: now\r\nLast-Modified: " + date_ +
                "\r\nETag: \"abc\"\r\nConnection: keep-alive\r\n\r\n");
}

TEST_F(Downloads, EmptyFile) {
  what_.file = std::make_shared<FileHandle>(::memfd_create("empty", MFD_CLOEXEC), 0);
  EXPECT_EQ(ask({}).status, 200);
  EXPECT_EQ(ask({}).body_length(), 0);
  EXPECT_EQ(ask({{"Range", "bytes=0-"}}).status, 416);
}

}  // namespace
}  // namespace otaru::http
