// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "dialect/onenet/mapping.h"
#include "dialect/onenet/policy.h"
#include "dialect/onenet/slices.h"

namespace otaru::dialect::onenet {
namespace {

http::Request request_with(std::string_view query, std::string_view body = {}) {
  http::Request request;
  request.query = query;
  request.body = std::string(body);
  return request;
}

std::string value_of(const Params& params, Param param) {
  const std::string* found = params.find(param);
  return found == nullptr ? "(none)" : *found;
}

// --- Slices -------------------------------------------------------------------------------------

struct SliceCase {
  std::string_view range;
  int64_t first, last;  // -1: the whole file with 200
};

TEST(OnenetSlices, TableOfTheDownloadRoute) {
  constexpr SliceCase kCases[] = {
      {"bytes=0-511", 0, 511},
      {"0-511", 0, 511},
      {"bytes=0-0", 0, 0},
      {"bytes=998-", 998, 999},
      {"998-", 998, 999},
      {"bytes=-2", 998, 999},
      {"-2", 998, 999},
      {"bytes=-5000", 0, 999},
      {"bytes=01-02", 1, 2},
      {"bytes=500-5000", 500, 999},
      {"bytes=2000-", 0, 999},
      {"bytes=2000-3000", 0, 999},
      {"bytes=1000-10", 0, 10},
      {"bytes=20-10", 0, 10},
      {" bytes = 1 - 2 ", 1, 2},
      {"BYTES=1-2", 1, 2},
      {"bytes=999-999", 999, 999},
      {"bytes=0-99999999999999999999999", 0, 999},
      {"bytes=99999999999999999999999-5", 0, 5},
      {"", -1, -1},
      {"bytes=", -1, -1},
      {"bytes=-", -1, -1},
      {"-", -1, -1},
      {"bytes=a-b", -1, -1},
      {"bytes=1-b", -1, -1},
      {"bytes=0-1,3-4", -1, -1},
      {"bytes=-0", -1, -1},
      {"12", -1, -1},
      {"bytes 0-1", -1, -1},
      {"items=0-1", -1, -1},
      {"bytes=--1", -1, -1},
      {"bytes=+1-2", -1, -1},
      {"bytes=0x1-2", -1, -1},
  };
  for (const auto& c : kCases) {
    const auto slice = read_slice(c.range, 1000);
    if (c.first < 0) {
      EXPECT_FALSE(slice) << c.range;
    } else {
      ASSERT_TRUE(slice) << c.range;
      EXPECT_EQ(*slice, (Slice{c.first, c.last})) << c.range;
    }
  }
  EXPECT_FALSE(read_slice("bytes=0-1", 0));
  EXPECT_EQ(*read_slice("0-0", 1), (Slice{0, 0}));
}

// --- Parameters ---------------------------------------------------------------------------------

TEST(OnenetParams, QueryIsDecodedAndTheFirstWins) {
  const auto request = request_with(
      "dev_id=6523&manuf=%E4%B8%AD%E5%9B%BD%E7%A7%BB%E5%8A%A8&version=a+b&dev_id=2&x=1");
  const auto params = Params::read(request);
  EXPECT_EQ(value_of(params, Param::dev_id), "6523");
  EXPECT_EQ(value_of(params, Param::manuf), "中国移动");
  EXPECT_EQ(value_of(params, Param::version), "a+b");
  EXPECT_EQ(value_of(params, Param::model), "(none)");
}

TEST(OnenetParams, TheDocumentsOwnExampleWithComments) {
  const auto request = request_with("", R"({
	"dev_id": 6523,    //必填，设备ID
	"manuf": "中国移动",//必填,厂商名称对应的代码
	"model": "M5310",  //必填,模组名称对应的代码
	"type": 1,         //1:fota任务,2:sota任务
	"version":"1.2" ,  //必填,设备当前版本号
	"signals": 10,     //可选，信号强度
	"powers":30,       //可选，电量剩余值百分比
	"cdn": true        //是否返回拉取升级包ip
	
})");
  const auto params = Params::read(request);
  EXPECT_EQ(value_of(params, Param::dev_id), "6523");
  const auto words = read_check_words(params, true);
  EXPECT_EQ(words.outcome, Outcome::done);
  EXPECT_EQ(words.words.manuf, "中国移动");
  EXPECT_EQ(words.words.model, "M5310");
  EXPECT_EQ(words.words.version, "1.2");
  EXPECT_EQ(words.words.type, domain::ProductType::firmware);
  EXPECT_TRUE(words.words.wants_ip_port);
}

TEST(OnenetParams, QueryWinsOverJsonAndFormBodies) {
  const auto json = Params::read(request_with("type=2", R"({"type":1,"step":40,"pid":null,})"));
  EXPECT_EQ(value_of(json, Param::type), "2");
  EXPECT_EQ(value_of(json, Param::step), "40");
  EXPECT_EQ(value_of(json, Param::pid), "(none)");
  const auto form = Params::read(request_with("type=2", "type=1&result=201&manuf=a+b\r\n"));
  EXPECT_EQ(value_of(form, Param::type), "2");
  EXPECT_EQ(value_of(form, Param::result), "201");
  EXPECT_EQ(value_of(form, Param::manuf), "a b");
}

TEST(OnenetParams, WhatCannotBeAParameterIsBroken) {
  const auto params =
      Params::read(request_with("version=%zz", R"({"dev_id":[1],"type":1.5,"manuf":{}})"));
  for (const Param param : {Param::version, Param::dev_id, Param::type, Param::manuf}) {
    EXPECT_TRUE(params.broken(param));
    EXPECT_EQ(params.find(param), nullptr);
  }
}

TEST(OnenetParams, BodiesThatAreNothingGiveNothing) {
  for (const std::string_view body :
       {"{", "{\"dev_id\":\"1\",\"dev_id\":\"2\"}", "[1]", "{\"a\":}", "//", "null", "\xff\xfe"}) {
    EXPECT_EQ(Params::read(request_with("", body)).find(Param::dev_id), nullptr) << body;
  }
}

TEST(OnenetParams, DeviceIdsAreOpaque) {
  const auto id_of = [](std::string_view text) {
    const auto params = Params::read(request_with("dev_id=" + std::string(text)));
    return find_dev_id(params) != nullptr;
  };
  EXPECT_TRUE(id_of("1"));
  EXPECT_TRUE(id_of("a-b.c_d%20%E4%B8%AD"));
  EXPECT_TRUE(id_of(std::string(64, 'x')));
  EXPECT_FALSE(id_of(""));
  EXPECT_FALSE(id_of(std::string(65, 'x')));
  EXPECT_FALSE(id_of("a%00b"));
  EXPECT_FALSE(id_of("a%0Ab"));
  EXPECT_FALSE(id_of("%FF"));
}

Outcome outcome_for(std::string_view query, bool strict = false) {
  const std::string text(query);
  const auto params = Params::read(request_with(text));
  return read_check_words(params, strict).outcome;
}

TEST(OnenetParams, CheckParameterErrors) {
  EXPECT_EQ(outcome_for("type=1&version=1.0"), Outcome::done);
  EXPECT_EQ(outcome_for("type=2&version=1.0&cdn=TRUE&signals=-97&powers=30"), Outcome::done);
  EXPECT_EQ(outcome_for("type=1&version=1.0&signals=&powers=&cdn="), Outcome::done);
  EXPECT_EQ(outcome_for("version=1.0"), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=3&version=1.0"), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=x&version=1.0"), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=1"), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=1&version=%zz"), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=1&version=1&cdn=maybe"), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=1&version=1&signals=strong"), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=1&version=1&manuf=%0a1"), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=1&version=1&manuf=%D6%D0"), Outcome::bad_parameter);  // GBK
  EXPECT_EQ(outcome_for("type=1&version=1&model=" + std::string(65, 'm')), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=1&version="), Outcome::bad_version);
  EXPECT_EQ(outcome_for("type=1&version=1%202"), Outcome::bad_version);
  EXPECT_EQ(outcome_for("type=1&version=123456789012345678901"), Outcome::bad_version);
  EXPECT_EQ(outcome_for("type=1&version=12345678901234567890"), Outcome::done);
  EXPECT_EQ(outcome_for("type=1&version=a_B.-9"), Outcome::done);
  EXPECT_EQ(outcome_for("type=1&version=1.0", true), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=1&version=1.0&manuf=1", true), Outcome::bad_parameter);
  EXPECT_EQ(outcome_for("type=1&version=1.0&manuf=1&model=2", true), Outcome::done);
}

TEST(OnenetParams, Tokens) {
  EXPECT_EQ(token_body("ota_5hc95SFeo5xJEnaNrste"), "5hc95SFeo5xJEnaNrste");
  EXPECT_EQ(token_body("ota_5hc95SFeo5xJEnaNrst"), "");
  EXPECT_EQ(token_body("OTA_5hc95SFeo5xJEnaNrste"), "");
  EXPECT_EQ(token_body(""), "");
}

// --- Answers ------------------------------------------------------------------------------------

constexpr Outcome kAllOutcomes[] = {Outcome::done,
                                    Outcome::auth_failed,
                                    Outcome::bad_parameter,
                                    Outcome::token_mismatch,
                                    Outcome::internal,
                                    Outcome::other_hardware,
                                    Outcome::other_base_version,
                                    Outcome::no_task,
                                    Outcome::token_expired,
                                    Outcome::wrong_state,
                                    Outcome::task_finished,
                                    Outcome::not_possible,
                                    Outcome::task_cancelled,
                                    Outcome::bad_result,
                                    Outcome::bad_version};

TEST(OnenetAnswers, FailureTextsHoldNoWordThatDevicesSearchFor) {
  for (const Outcome outcome : kAllOutcomes) {
    const std::string body = write_outcome(outcome);
    ASSERT_TRUE(base::JsonDocument::parse(body)) << body;
    if (outcome == Outcome::done) {
      EXPECT_EQ(body, R"({"errno":0,"error":"succ"})");
      continue;
    }
    EXPECT_EQ(body.substr(0, 9), R"({"errno":)");
    for (const std::string_view word : {"succ", "target", "Range", "token\"", "\"errno\":0"}) {
      EXPECT_EQ(body.find(word), std::string::npos) << body;
    }
    EXPECT_EQ(std::count(body.begin(), body.end(), '{'), 1) << body;
  }
}

TEST(OnenetAnswers, TaskObjectHasTheWireLayout) {
  // The recorded answer: 194 bytes with a 24-character token.
  TaskWords words;
  words.target = "V1.0.1";
  words.token = "ota_XXXXXXXXXXXXXXXXXXXX";
  words.size_bytes = 22;
  words.md5 = "0123456789abcdef0123456789abcdef";
  words.signal = 10;
  words.power = 50;
  const std::string body = write_task(words);
  EXPECT_EQ(body.size(), 194u);
  EXPECT_EQ(body, R"({"errno":0,"error":"succ","data":{"target":"V1.0.1",)"
                  R"("token":"ota_XXXXXXXXXXXXXXXXXXXX","size":22,)"
                  R"("md5":"0123456789abcdef0123456789abcdef","signal":10,"power":50,"retry":0,)"
                  R"("interval":0,"type":1}})");
}

std::string head_of(const http::Response& response) {
  return http::serialize_head(response, {true, 1, "Fri, 01 May 2026 12:00:00 GMT"});
}

TEST(OnenetAnswers, TheWorstAnswerFitsTheSmallestBuffer) {
  TaskWords words;
  words.target = "12345678901234567890";
  words.token = "ota_XXXXXXXXXXXXXXXXXXXX";
  words.size_bytes = base::limits::kBlobBytesMax;
  words.md5 = "0123456789abcdef0123456789abcdef";
  words.signal = words.power = words.retry = words.interval_s = INT64_MAX;
  const std::string ip_port(kIpPortBytesMax, 'x');
  words.ip_port = ip_port;
  words.delta = true;
  const std::string body = write_task(words);
  ASSERT_TRUE(base::JsonDocument::parse(body));
  const auto response = json_answer(body);
  EXPECT_LE(head_of(response).size() + body.size(), kAnswerBytesMax);
  EXPECT_LE(response.headers.size(), 10u);
}

TEST(OnenetAnswers, TypicalHeadIsTheRecordedOne) {
  const std::string body(194, 'x');
  EXPECT_EQ(head_of(json_answer(body)),
            "HTTP/1.1 200 OK\r\nServer: otaru\r\nDate: Fri, 01 May 2026 12:00:00 GMT\r\n"
            "Content-Type: application/json;charset=UTF-8\r\nContent-Length: 194\r\n"
            "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(head_of(json_answer(body)).size(), 162u);
}

TEST(OnenetAnswers, SliceHeadEndsWithTheOnlyRange) {
  const auto file = std::make_shared<http::FileHandle>(-1, base::limits::kBlobBytesMax);
  const std::string name(kFileNameBytesMax * 2, 'n');
  const int64_t last = file->size() - 1;
  const std::string head = head_of(file_answer(file, name, Slice{last - 4095, last}));
  EXPECT_LE(head.size(), kSliceHeadBytesMax);
  const size_t at = head.find("Range");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(head.find("Range", at + 1), std::string::npos);
  EXPECT_EQ(head.substr(head.rfind("\r\n", head.size() - 5) + 2),
            "Content-Range: bytes " + std::to_string(last - 4095) + "-" + std::to_string(last) +
                "/" + std::to_string(file->size()) + "\r\n\r\n");
  for (const std::string_view word : {"Accept-Ranges", "ETag", "Via", "{"}) {
    EXPECT_EQ(head.find(word), std::string::npos);
  }
}

TEST(OnenetAnswers, FileNamesAreHarmless) {
  EXPECT_EQ(safe_file_name("121.bin"), "121.bin");
  EXPECT_EQ(safe_file_name("a\"b\r\n{}.bin"), "a_b____.bin");
  EXPECT_EQ(safe_file_name(""), "firmware.bin");
  EXPECT_EQ(safe_file_name("ORange-v1.bin"), "firmware.bin");
  EXPECT_EQ(safe_file_name(std::string(100, 'a') + ".bin").size(), kFileNameBytesMax);
}

TEST(OnenetAnswers, Versions) {
  EXPECT_EQ(write_versions("", ""), R"({"errno":0,"error":"succ","data":{}})");
  EXPECT_EQ(write_versions("1", ""), R"({"errno":0,"error":"succ","data":{"f_version":"1"}})");
  EXPECT_EQ(write_versions("", "2"), R"({"errno":0,"error":"succ","data":{"s_version":"2"}})");
  EXPECT_EQ(write_versions("1", "2"),
            R"({"errno":0,"error":"succ","data":{"f_version":"1","s_version":"2"}})");
  EXPECT_EQ(write_dev_id("65"), R"({"errno":0,"error":"succ","data":{"dev_id":"65"}})");
}

// --- Results ------------------------------------------------------------------------------------

TEST(OnenetResults, TableIsTheDocuments) {
  for (int64_t code = -1; code <= 300; ++code) {
    const bool known = (code >= 101 && code <= 107) || (code >= 201 && code <= 208);
    EXPECT_EQ(find_result(code) != nullptr, known) << code;
  }
  EXPECT_EQ(find_result(101)->event, domain::TaskEvent::downloaded);
  EXPECT_EQ(find_result(201)->event, domain::TaskEvent::installed);
  for (const auto& row : result_table()) {
    const bool good = row.code == 101 || row.code == 201;
    EXPECT_EQ(row.event == domain::TaskEvent::failed, !good) << row.code;
    EXPECT_EQ(row.failure == domain::FailureClass::none, good) << row.code;
  }
  EXPECT_EQ(find_result(205)->failure, domain::FailureClass::verification);
}

}  // namespace
}  // namespace otaru::dialect::onenet
