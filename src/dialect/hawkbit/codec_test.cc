// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/codec.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "dialect/hawkbit/general.h"
#include "dialect/hawkbit/mapping.h"

namespace otaru::dialect::hawkbit {
namespace {

using base::Code;

template <class T>
Code code_of(const base::Result<T>& result) {
  return result ? Code::internal : result.error().code;
}

// As SWUpdate 2022.12 sends it when it starts.
TEST(HawkbitCodec, ReadsTheConfigDataOfSwupdate) {
  const auto said = read_config_data(
      R"({ "id": "", "time": "20261122T055047", "status": { "result": { "finished": "success" }, )"
      R"("execution": "closed", "details" : [ "" ] }, )"
      R"("data" : {  "hwRevision": "1.0","mac": "00:11" } })");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->mode, UpdateMode::merge);
  ASSERT_EQ(said->data.size(), 2u);
  EXPECT_EQ(said->data[0], (std::pair<std::string, std::string>("hwRevision", "1.0")));
}

TEST(HawkbitCodec, ReadsModesAndValuesThatAreNoTexts) {
  const auto said =
      read_config_data(R"({"mode":"REPLACE","data":{"a":1,"b":true,"c":1.5,"d":""}})");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->mode, UpdateMode::replace);
  EXPECT_EQ(said->data[0].second, "1");
  EXPECT_EQ(said->data[1].second, "true");
  EXPECT_EQ(said->data[2].second, "1.5");
  EXPECT_EQ(said->data[3].second, "");
  const auto removed = read_config_data(R"({"mode":"remove","data":{"a":null}})");
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->mode, UpdateMode::remove);
}

TEST(HawkbitCodec, RefusesWhatIsNoConfigData) {
  EXPECT_EQ(code_of(read_config_data("")), Code::invalid);
  EXPECT_EQ(code_of(read_config_data("[]")), Code::invalid);
  EXPECT_EQ(code_of(read_config_data("{}")), Code::invalid);
  EXPECT_EQ(code_of(read_config_data(R"({"data":[]})")), Code::invalid);
  EXPECT_EQ(code_of(read_config_data(R"({"data":{"a":{}}})")), Code::invalid);
  EXPECT_EQ(code_of(read_config_data(R"({"data":{"a":null}})")), Code::invalid);
  EXPECT_EQ(code_of(read_config_data(R"({"mode":"patch","data":{}})")), Code::invalid);
  std::string many = "{\"data\":{";
  for (size_t i = 0; i <= base::limits::kAttributesPerDeviceMax; ++i) {
    many += "\"a" + std::to_string(i) + "\":\"\",";
  }
  many.back() = '}';
  EXPECT_EQ(code_of(read_config_data(many + "}")), Code::too_large);
  const std::string text(base::limits::kAttributeBytesMax + 1, 'x');
  EXPECT_EQ(code_of(read_config_data("{\"data\":{\"a\":\"" + text + "\"}}")), Code::too_large);
}

TEST(HawkbitCodec, ReadsFeedback) {
  const auto said =
      read_feedback(R"({"id":"16","time":"20261122T000000","status":{"execution":"closed",)"
                    R"("result":{"finished":"success","progress":{"cnt":2,"of":5}},"code":200,)"
                    R"("details":["The update was successfully installed."]}})");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->execution, Execution::closed);
  EXPECT_EQ(said->finished, Finished::success);
  EXPECT_EQ(said->count, 2);
  EXPECT_EQ(said->of, 5);
  EXPECT_EQ(words_of(*said), "code 200; The update was successfully installed.");
}

TEST(HawkbitCodec, FeedbackWithoutAResultSaysNoneOfIt) {
  const auto said = read_feedback(R"({"status":{"execution":"PROCEEDING","details":"one line"}})");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->execution, Execution::proceeding);
  EXPECT_EQ(said->finished, Finished::none);
  EXPECT_FALSE(said->count);
  EXPECT_EQ(words_of(*said), "one line");
}

// A script's output goes into the details as it is.
TEST(HawkbitCodec, ReadsFeedbackThatIsHardlyJson) {
  const auto line_feed = read_feedback(
      "{\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":\"failure\"},"
      "\"details\":[ \"No artifact download URL reported by server.\n\",\"No suitable\" ]}}");
  ASSERT_TRUE(line_feed);
  EXPECT_EQ(words_of(*line_feed), "No artifact download URL reported by server.; No suitable");
  const auto quotes = read_feedback(
      "{ \"id\": 5, \"status\": { \"result\": { \"progress\": { \"cnt\" : 0, \"of\" : 1 }, "
      "\"finished\": \"failure\" }, \"execution\": \"closed\", "
      "\"details\" : [ \"cannot open \"/dev/x\" \xff\",\"No suitable .swu image found\" ] } }");
  ASSERT_TRUE(quotes);
  EXPECT_EQ(quotes->execution, Execution::closed);
  EXPECT_EQ(quotes->finished, Finished::failure);
  EXPECT_EQ(words_of(*quotes), "\"cannot open \"/dev/x\" ?\",\"No suitable .swu image found\"");
}

TEST(HawkbitCodec, RefusesWhatIsNoFeedback) {
  EXPECT_EQ(code_of(read_feedback("")), Code::invalid);
  EXPECT_EQ(code_of(read_feedback("{}")), Code::invalid);
  EXPECT_EQ(code_of(read_feedback(R"({"status":{}})")), Code::invalid);
  EXPECT_EQ(code_of(read_feedback(R"({"status":{"execution":"done"}})")), Code::invalid);
  EXPECT_EQ(
      code_of(read_feedback(R"({"status":{"execution":"closed","result":{"finished":"maybe"}}})")),
      Code::invalid);
  // Broken, and not in the details.
  EXPECT_EQ(code_of(read_feedback(R"({"status":{"execution":"closed",)")), Code::invalid);
}

TEST(HawkbitCodec, OfALongLogTheErrorsAreKept) {
  Feedback said;
  for (int i = 0; i < 40; ++i) said.details.push_back("[trace] : " + std::string(60, 'x'));
  said.details.emplace_back("ERROR : HASH mismatch : abab <--> a8ac");
  const std::string words = words_of(said);
  EXPECT_TRUE(words.starts_with("ERROR : HASH mismatch")) << words;
  EXPECT_LT(words.size(), 2 * base::limits::kLogBytesMax);
}

TEST(HawkbitCodec, KeepsTheLastDetails) {
  std::string body = R"({"status":{"execution":"proceeding","details":[)";
  for (int i = 0; i < 60; ++i) body += "\"line " + std::to_string(i) + "\",";
  body.back() = ']';
  const auto said = read_feedback(body + "}}");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->details.size(), base::limits::kHawkbitDetailsMax);
  EXPECT_EQ(said->details.back(), "line 59");
}

TEST(HawkbitCodec, ReadsConfirmations) {
  const auto yes = read_confirmation(R"({"confirmation":"confirmed","code":1,"details":["ok"]})");
  ASSERT_TRUE(yes);
  EXPECT_TRUE(yes->confirmed);
  const auto no = read_confirmation(R"({"confirmation":"denied"})");
  ASSERT_TRUE(no);
  EXPECT_FALSE(no->confirmed);
  EXPECT_EQ(code_of(read_confirmation(R"({"confirmation":"later"})")), Code::invalid);
  EXPECT_EQ(code_of(read_confirmation("")), Code::invalid);
  const auto nobody = read_auto_confirm("");
  ASSERT_TRUE(nobody);
  EXPECT_EQ(nobody->initiator, "");
  const auto somebody = read_auto_confirm("{\"initiator\":\"owner\",\"remark\":\"a\nb\"}");
  ASSERT_TRUE(somebody);
  EXPECT_EQ(somebody->initiator, "owner");
  EXPECT_EQ(somebody->remark, "a b");
}

TEST(HawkbitCodec, SegmentsAreText) {
  EXPECT_EQ(read_segment("a%20b"), "a b");
  EXPECT_EQ(read_segment("a+b"), "a+b");
  EXPECT_FALSE(read_segment("%zz"));
  EXPECT_FALSE(read_segment("a%00"));
  EXPECT_FALSE(read_segment("%ff"));
}

// SWUpdate 2022.12, as seen: the page of its log, or the words it closes with.
TEST(HawkbitCodec, KnowsWhyAnUpdateFailed) {
  using domain::FailureClass;
  const std::pair<const char*, FailureClass> rows[] = {
      {"ERROR : HASH mismatch : abab <--> a8ac; Image invalid or corrupted. Not installing ...",
       FailureClass::verification},
      {"ERROR : Authentication of all signatures failed; ERROR : Compatible SW not found; "
       "ERROR : Channel operation returned error (23): 'Failed writing received data'",
       FailureClass::verification},
      {"ERROR : SW not compatible with hardware; No suitable .swu image found",
       FailureClass::hardware},
      {"ERROR : execute postinstall scripts failed; Installation failed !", FailureClass::unknown},
      {"ERROR : Channel operation returned error (33): 'Requested range was not delivered'",
       FailureClass::download},
      {"ERROR : cannot write 16384 bytes: No space left on device", FailureClass::space},
      {"ERROR : Not enough free space to extract a.img in /tmp (needed 2, got 1)",
       FailureClass::space},
      {"ERROR : SW not compatible with hardware; ERROR : Writing into SWUpdate IPC stream failed.; "
       "ERROR : Channel operation returned error (23): 'Failed writing received data'",
       FailureClass::hardware},
      {"ERROR : Channel operation aborted because of too many failed download attempts (5).; "
       "ERROR : HASH mismatch : abab <--> a8ac",
       FailureClass::download},
      {"ERROR : Cannot read stored update state.", FailureClass::unknown},
      // What a good download says on its way is no reason.
      {"[verify_signer_certs] : Verified signature 0; [parse_hw_compatibility] : Accepted Hw "
       "Revision : 1.0; [channel_log_effective_url] : Channel s effective URL resolved to http://h",
       FailureClass::unknown},
  };
  for (const auto& [words, failure] : rows) {
    EXPECT_EQ(failure_of(error_lines(words)), failure) << words;
  }
}

TEST(HawkbitCodec, ReadsGeneralQuestions) {
  const auto query = read_general_query("id=gw%2F1&token=s+ecret&version=1.0&board=");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->id, "gw/1");
  EXPECT_EQ(query->token, "s ecret");
  ASSERT_EQ(query->attributes.data.size(), 2u);
  EXPECT_EQ(query->attributes.data[1].first, "board");
  EXPECT_EQ(code_of(read_general_query("version=1")), Code::invalid);
  EXPECT_EQ(code_of(read_general_query("id=%zz")), Code::invalid);
}

TEST(HawkbitCodec, ReadsGeneralLogs) {
  const auto log = read_general_log("fail, gw1, secret, image 2, crc\n");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->id, "gw1");
  EXPECT_EQ(log->token, "secret");
  EXPECT_EQ(log->said.execution, Execution::closed);
  EXPECT_EQ(log->said.finished, Finished::failure);
  EXPECT_EQ(words_of(log->said), "image 2, crc");
  EXPECT_EQ(code_of(read_general_log("done,gw1")), Code::invalid);
  EXPECT_EQ(code_of(read_general_log("success")), Code::invalid);
}

}  // namespace
}  // namespace otaru::dialect::hawkbit
