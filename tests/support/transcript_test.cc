// SPDX-License-Identifier: Apache-2.0
#include "tests/support/transcript.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace otaru::tests {
namespace {

constexpr std::string_view kTwo =
    "# What it is about.\n"
    ">>>\n"
    "POST /login HTTP/1.1\n"
    "Content-Length: <auto>\n"
    "\n"
    "user=aa\n"
    "<<<\n"
    "HTTP/1.1 200 OK\n"
    "Date: <date>\n"
    "\n"
    "{\"token\":\"<token:T>\",\"in\":<time>}\n"
    "@advance 90s\n"
    "# free text here\n"
    "\n"
    ">>>\n"
    "GET /next?t={{T}} HTTP/1.1\n"
    "\n"
    "<<<\n"
    "HTTP/1.1 204 No Content\n"
    "\n";

// A world that answers from a list and remembers what it saw.
struct Script {
  std::vector<std::string> answers;
  std::vector<std::string> seen;
  int64_t advanced_ms = 0;
  int worlds = 0;

  MakeTranscriptWorld maker() {
    return [this] {
      ++worlds;
      TranscriptWorld world;
      world.exchange = [this](std::string_view request) {
        seen.emplace_back(request);
        return answers.at(seen.size() - 1);
      };
      world.advance = [this](int64_t ms) { advanced_ms += ms; };
      return world;
    };
  }
};

constexpr char kAnswer1[] =
    "HTTP/1.1 200 OK\r\nDate: Fri, 01 May 2026 12:00:00 GMT\r\n\r\n"
    "{\"token\":\"ab_1\",\"in\":11999}";
constexpr char kAnswer2[] = "HTTP/1.1 204 No Content\r\n\r\n";

std::string run_text(std::string_view text, Script& script) {
  auto transcript = parse_transcript(text);
  if (!transcript) return transcript.error().message;
  return run_transcript(*transcript, script.maker(), false);
}

std::string difference(std::string_view expected, std::string_view actual) {
  Captures captures;
  return match_answer(expected, actual, captures);
}

TEST(Transcript, RendersWhatItParsed) {
  const auto transcript = parse_transcript(kTwo);
  ASSERT_TRUE(transcript) << transcript.error().message;
  EXPECT_EQ(transcript->steps.size(), 3u);
  EXPECT_EQ(transcript->steps[1].advance_ms, 90'000);
  EXPECT_EQ(render_transcript(*transcript), kTwo);
}

TEST(Transcript, SendsWireBytesAndCarriesCaptures) {
  Script script{{kAnswer1, kAnswer2}, {}, 0, 0};
  EXPECT_EQ(run_text(kTwo, script), "");
  ASSERT_EQ(script.seen.size(), 2u);
  EXPECT_EQ(script.seen[0], "POST /login HTTP/1.1\r\nContent-Length: 7\r\n\r\nuser=aa");
  EXPECT_EQ(script.seen[1], "GET /next?t=ab_1 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(script.advanced_ms, 90'000);
  EXPECT_EQ(script.worlds, 1);
}

TEST(Transcript, ReportsTheFirstDifference) {
  Script script{{kAnswer1, "HTTP/1.1 200 OK\r\n\r\n"}, {}, 0, 0};
  const std::string report = run_text(kTwo, script);
  EXPECT_NE(report.find("line 15: answer line 1, byte 11: expected \"4 No Content"),
            std::string::npos)
      << report;
}

TEST(Transcript, ResetStartsAFreshWorldWithoutCaptures) {
  Script script{{kAnswer1, kAnswer2}, {}, 0, 0};
  std::string text(kTwo);
  text.replace(text.find("@advance 90s"), 12, "@reset");
  EXPECT_EQ(run_text(text, script), "line 15: nothing was captured as {{T}}");
  EXPECT_EQ(script.worlds, 2);
}

TEST(Transcript, AnExchangeWithoutAnAnswerFails) {
  Script script{{kAnswer2}, {}, 0, 0};
  EXPECT_NE(run_text(">>>\nGET / HTTP/1.1\n\n", script), "");
}

TEST(Transcript, RefusesWhatIsNeitherBlockNorComment) {
  EXPECT_FALSE(parse_transcript(""));
  EXPECT_FALSE(parse_transcript("GET / HTTP/1.1\n"));
  EXPECT_FALSE(parse_transcript("<<<\nHTTP/1.1 200 OK\n\n"));
  EXPECT_FALSE(parse_transcript("@advance soon\n>>>\nGET / HTTP/1.1\n\n"));
  EXPECT_FALSE(parse_transcript("@reset\nGET / HTTP/1.1\n"));
  EXPECT_FALSE(wire_form("GET / HTTP/1.1\n"));
}

TEST(Transcript, DurationsHaveUnits) {
  for (const auto& [text, ms] : std::vector<std::pair<std::string, int64_t>>{
           {"250ms", 250}, {"2s", 2000}, {"3m", 180'000}, {"1h", 3'600'000}, {"2d", 172'800'000}}) {
    const auto transcript = parse_transcript("@advance " + text + "\n");
    ASSERT_TRUE(transcript) << text;
    EXPECT_EQ(transcript->steps[0].advance_ms, ms) << text;
  }
}

TEST(Transcript, TheBodyLosesOnlyItsFinalLineFeed) {
  EXPECT_EQ(*wire_form("A: b\n\nx\ny\n"), "A: b\r\n\r\nx\ny");
  EXPECT_EQ(*wire_form("A: b\n\nx\n\n"), "A: b\r\n\r\nx\n");
  EXPECT_EQ(*wire_form("A: b\n\n"), "A: b\r\n\r\n");
}

TEST(Transcript, MarkersTakeWhatTheyShould) {
  EXPECT_EQ(difference("n=<id>;", "n=42;"), "");
  EXPECT_NE(difference("n=<id>;", "n=;"), "");
  EXPECT_NE(difference("n=<id>;", "n=4a;"), "");
  EXPECT_EQ(difference("t=<token:A>&", "t=a_Z9&"), "");
  EXPECT_NE(difference("t=<token:A>&", "t=&"), "");
  EXPECT_NE(difference("<date>", "Fri, 01 May 2026 12:00:00 UTC"), "");
  EXPECT_EQ(difference("a <ignore>\r\nb", "a anything at all\r\nb"), "");
  EXPECT_EQ(difference("a=<ignore>&b=1", "a=xyz&b=1"), "");
  EXPECT_NE(difference("a=<ignore>&b=1", "a=x\nyz&b=1"), "");
  EXPECT_NE(difference("abc", "abcd"), "");
  EXPECT_NE(difference("abcd", "abc"), "");
  EXPECT_EQ(difference("<unknown> {{not closed}", "<unknown> {{not closed}"), "");
}

TEST(Transcript, HeaderOrderAndCaseAreSignificant) {
  EXPECT_NE(difference("A: 1\r\nB: 2\r\n\r\n", "B: 2\r\nA: 1\r\n\r\n"), "");
  EXPECT_NE(difference("A: 1\r\n\r\n", "a: 1\r\n\r\n"), "");
}

TEST(Transcript, AReferenceMustBeTheSameText) {
  Captures captures;
  EXPECT_EQ(match_answer("<token:A>", "abc", captures), "");
  EXPECT_EQ(match_answer("x={{A}}", "x=abc", captures), "");
  EXPECT_NE(match_answer("x={{A}}", "x=abd", captures), "");
  EXPECT_NE(match_answer("x={{B}}", "x=abc", captures), "");
}

TEST(TranscriptGolden, AFittingBlockStaysAsItIs) {
  Captures captures;
  const std::string block =
      "HTTP/1.1 200 OK\nDate: <date>\n\n{\"token\":\"<token:T>\",\"in\":<time>}\n";
  EXPECT_EQ(golden_block(block, kAnswer1, captures), block);
  EXPECT_EQ(captures["T"], "ab_1");
}

TEST(TranscriptGolden, MarkersSurviveAChangeAroundThem) {
  Captures captures;
  const std::string block =
      "HTTP/1.1 404 Not Found\n\n{\"token\":\"<token:T>\",\"in\":<time>,\"x\":1}\n";
  EXPECT_EQ(golden_block(block, kAnswer1, captures),
            "HTTP/1.1 200 OK\nDate: <date>\n\n{\"token\":\"<token:T>\",\"in\":<time>}\n");
  EXPECT_EQ(captures["T"], "ab_1");
}

TEST(TranscriptGolden, AMarkerThatNoLongerFitsGoes) {
  Captures captures;
  EXPECT_EQ(golden_block("HTTP/1.1 200 OK\n\n{\"n\":<id>}\n", "HTTP/1.1 200 OK\r\n\r\n{\"n\":null}",
                         captures),
            "HTTP/1.1 200 OK\n\n{\"n\":null}\n");
}

TEST(TranscriptGolden, WritesBlocksThatWereMissing) {
  Script script{{kAnswer1}, {}, 0, 0};
  auto transcript = parse_transcript(">>>\nGET / HTTP/1.1\n\n");
  ASSERT_TRUE(transcript);
  EXPECT_EQ(run_transcript(*transcript, script.maker(), true), "");
  EXPECT_EQ(render_transcript(*transcript),
            ">>>\nGET / HTTP/1.1\n\n<<<\nHTTP/1.1 200 OK\nDate: <date>\n\n"
            "{\"token\":\"ab_1\",\"in\":11999}\n");
}

}  // namespace
}  // namespace otaru::tests
