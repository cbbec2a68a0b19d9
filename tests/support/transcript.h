// SPDX-License-Identifier: Apache-2.0
// Transcripts: what a device sends and, byte for byte, what it must get back, as text files that
// people review. Every dialect keeps its own in testdata/NN_what.http.
//
//   # Comments, before the first block.
//   >>>
//   POST /login HTTP/1.1
//   Content-Length: <auto>
//
//   user=aa
//   <<<
//   HTTP/1.1 200 OK
//   Date: <date>
//
//   {"token":"<token:T>"}
//   @advance 3600s
//   >>>
//   GET /next?token={{T}} HTTP/1.1
//   ...
//
// Lines of a block end in CRLF on the wire up to and including the blank line that ends the head;
// the body follows raw, without its final line feed. A block ends at the next line that is `>>>`,
// `<<<` or a directive: `@advance N[ms|s|m|h|d]` moves the clock, `@reset` starts a fresh world
// (what was captured is forgotten), `@note TEXT` says something; after a directive, `#` lines and
// blank lines are free until the next block.
//
// In requests: `Content-Length: <auto>` is computed, `{{NAME}}` is replaced by what was captured.
// In answers: `<ignore>` (anything up to the next literal text, within the line), `<time>` and
// `<id>` (digits), `<id:NAME>` (digits, captured), `<date>` (HTTP date), `<token:NAME>`
// ([A-Za-z0-9_]+, captured), `{{NAME}}`.
//
// With the environment variable OTARU_GOLDEN=1 the answers in the files are rewritten from what
// came back; markers stay where they still match. The difference is the review.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace otaru::tests {

// What a transcript talks to. The functions own whatever they need.
struct TranscriptWorld {
  std::function<std::string(std::string_view request_bytes)> exchange;
  std::function<void(int64_t ms)> advance;
};
using MakeTranscriptWorld = std::function<TranscriptWorld()>;

struct TranscriptStep {
  enum class Kind { exchange, advance, reset, note };
  Kind kind = Kind::exchange;
  int line = 0;           // of its first line in the file, from 1
  std::string directive;  // not for exchanges: the line and what follows it up to the next block
  std::string request;    // the block's text as it stands in the file
  std::string expected;   // the same; empty in a file that waits for OTARU_GOLDEN=1
  int64_t advance_ms = 0;
};

struct Transcript {
  std::string comments;  // before the first block, as they stand
  std::vector<TranscriptStep> steps;
};

using Captures = std::map<std::string, std::string, std::less<>>;

// Code::invalid with the line.
base::Result<Transcript> parse_transcript(std::string_view text);
std::string render_transcript(const Transcript& transcript);  // the inverse

// A block's text as it goes over the wire, markers untouched. Code::invalid without a blank line.
base::Result<std::string> wire_form(std::string_view block);
// A request block's bytes: captures filled in, length computed.
base::Result<std::string> request_bytes(std::string_view block, const Captures& captures);

// Empty when `actual` is what `expected` (in wire form, with markers) says; else what differs.
// Captures are added as far as it matched.
std::string match_answer(std::string_view expected, std::string_view actual, Captures& captures);

// The block to keep for `actual`: markers of the old block stay where they still match.
std::string golden_block(std::string_view old_block, std::string_view actual, Captures& captures);

// Runs one transcript. Empty when everything matched, else the report of the first difference. With
// `golden` set the answers are rewritten in it instead.
std::string run_transcript(Transcript& transcript, const MakeTranscriptWorld& make_world,
                           bool golden);
// The same for a file, rewritten in place when OTARU_GOLDEN=1.
std::string run_transcript_file(const std::string& path, const MakeTranscriptWorld& make_world);

// Registers one GoogleTest case per *.http file of the folder (and a failing one when there is
// none). Call it while initialising a static variable:
//   const bool kTranscripts = register_transcripts("ubtech", OTARU_SOURCE_DIR "/src/...", make);
bool register_transcripts(const std::string& suite, const std::string& folder,
                          const MakeTranscriptWorld& make_world);

}  // namespace otaru::tests
