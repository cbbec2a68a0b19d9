// SPDX-License-Identifier: Apache-2.0
#include "tests/support/transcript.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "tests/support/transcript_pieces.h"

namespace otaru::tests {
namespace {

// Cuts the next line off, without its line feed.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::optional<int64_t> parse_duration_ms(std::string_view text) {
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  for (const auto& [unit, ms] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto count = base::parse_int(text.substr(0, text.size() - unit.size()));
    if (count) return *count * ms;
  }
  return std::nullopt;
}

tl::unexpected<base::Error> fail_at(int line, std::string_view what) {
  return base::fail(base::Code::invalid, "line " + std::to_string(line) + ": " + std::string(what));
}

// Where the text of the next lines belongs.
enum class Place { comments, directive, request, expected };

base::Result<TranscriptStep> parse_directive(std::string_view line, int number) {
  TranscriptStep step;
  step.line = number;
  if (line == "@reset") {
    step.kind = TranscriptStep::Kind::reset;
  } else if (line == "@note" || line.starts_with("@note ")) {
    step.kind = TranscriptStep::Kind::note;
  } else {
    step.kind = TranscriptStep::Kind::advance;
    const auto ms = parse_duration_ms(base::trim(line.substr(std::string_view("@advance").size())));
    if (!ms) return fail_at(number, "@advance wants a duration like 3600s");
    step.advance_ms = *ms;
  }
  return step;
}

bool is_directive(std::string_view line) {
  return line == "@reset" || line == "@note" || line.starts_with("@note ") ||
         line.starts_with("@advance ");
}

// The lines of a head and the body behind it.
struct Block {
  std::vector<std::string_view> head;
  std::string_view body;
};

std::optional<Block> split_block(std::string_view text) {
  Block block;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) {
      if (text.ends_with('\n')) text.remove_suffix(1);
      block.body = text;
      return block;
    }
    block.head.push_back(line);
  }
  return std::nullopt;
}

// A printable excerpt for reports.
std::string shown(std::string_view text, size_t most) {
  std::string out;
  for (const char c : text.substr(0, most)) {
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += '?';
    } else {
      out += c;
    }
  }
  if (text.size() > most) out += "...";
  return out;
}

std::string header_name(std::string_view line) {
  return base::lower(line.substr(0, line.find(':')));
}

// The old line that stands for the same header, taken out of the list.
std::string_view take_same_header(std::vector<std::string_view>& old_lines, std::string_view line) {
  const std::string name = header_name(line);
  const auto found = std::find_if(old_lines.begin(), old_lines.end(),
                                  [&](std::string_view old) { return header_name(old) == name; });
  if (found == old_lines.end()) return {};
  const std::string_view old = *found;
  old_lines.erase(found);
  return old;
}

}  // namespace

base::Result<Transcript> parse_transcript(std::string_view text) {
  Transcript out;
  Place place = Place::comments;
  int number = 0;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    ++number;
    if (line == ">>>") {
      place = Place::request;
      out.steps.emplace_back().line = number;
    } else if (line == "<<<") {
      if (place != Place::request) return fail_at(number, "'<<<' without a request before it");
      place = Place::expected;
    } else if (is_directive(line)) {
      OTARU_TRY(step, parse_directive(line, number));
      out.steps.push_back(std::move(step));
      out.steps.back().directive = std::string(line) + '\n';
      place = Place::directive;
    } else {
      std::string kept(line);
      kept += '\n';
      switch (place) {
        case Place::request:
          out.steps.back().request += kept;
          break;
        case Place::expected:
          out.steps.back().expected += kept;
          break;
        case Place::comments:
        case Place::directive:
          if (!line.empty() && line.front() != '#') {
            return fail_at(number, "neither a comment nor part of a block");
          }
          (place == Place::comments ? out.comments : out.steps.back().directive) += kept;
          break;
      }
    }
  }
  if (out.steps.empty()) return fail_at(number, "no block at all");
  return out;
}

std::string render_transcript(const Transcript& transcript) {
  std::string out = transcript.comments;
  for (const auto& step : transcript.steps) {
    if (step.kind != TranscriptStep::Kind::exchange) {
      out += step.directive;
      continue;
    }
    out += ">>>\n" + step.request;
    if (!step.expected.empty()) out += "<<<\n" + step.expected;
  }
  return out;
}

base::Result<std::string> wire_form(std::string_view text) {
  const auto block = split_block(text);
  if (!block) return base::fail(base::Code::invalid, "no blank line ends the head");
  std::string out;
  for (const auto line : block->head) {
    out += line;
    out += "\r\n";
  }
  out += "\r\n";
  out += block->body;
  return out;
}

base::Result<std::string> request_bytes(std::string_view text, const Captures& captures) {
  constexpr std::string_view kAuto = "<auto>";
  OTARU_TRY(wire, wire_form(text));
  OTARU_TRY(filled, fill_captures(wire, captures));
  const size_t head_end = filled.find("\r\n\r\n");
  const size_t at = filled.find(kAuto);
  if (at != std::string::npos && at < head_end) {
    filled.replace(at, kAuto.size(), std::to_string(filled.size() - head_end - 4));
  }
  return filled;
}

std::string match_answer(std::string_view expected, std::string_view actual, Captures& captures) {
  const PieceMatch match = match_pieces(split_pieces(expected), actual, captures);
  if (match.matched) return {};
  const auto line =
      1 + std::count(actual.begin(), actual.begin() + static_cast<std::ptrdiff_t>(match.at), '\n');
  return "answer line " + std::to_string(line) + ", byte " + std::to_string(match.at) +
         ": expected \"" + shown(match.wanted, 120) + "\", got \"" +
         shown(actual.substr(match.at), 120) + "\"";
}

std::string golden_block(std::string_view old_block, std::string_view actual, Captures& captures) {
  const auto old = split_block(old_block).value_or(Block{});
  std::vector<std::string_view> old_lines = old.head;
  std::string out;
  size_t head_end = actual.find("\r\n\r\n");
  if (head_end == std::string_view::npos) head_end = actual.size();
  std::string_view head = actual.substr(0, head_end);
  for (bool first = true; !head.empty(); first = false) {
    std::string_view line = take_line(head);
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::string_view before;
    if (first && !old_lines.empty()) {
      before = old_lines.front();
      old_lines.erase(old_lines.begin());
    } else {
      before = take_same_header(old_lines, line);
    }
    if (before.empty() && header_name(line) == "date") before = "Date: <date>";
    out += keep_markers(before, line, captures) + '\n';
  }
  out += '\n';
  const std::string_view body = actual.substr(std::min(actual.size(), head_end + 4));
  if (!body.empty()) out += keep_markers(old.body, body, captures) + '\n';
  return out;
}

std::string run_transcript(Transcript& transcript, const MakeTranscriptWorld& make_world,
                           bool golden) {
  TranscriptWorld world = make_world();
  Captures captures;
  for (auto& step : transcript.steps) {
    const std::string where = "line " + std::to_string(step.line) + ": ";
    switch (step.kind) {
      case TranscriptStep::Kind::note:
        continue;
      case TranscriptStep::Kind::advance:
        world.advance(step.advance_ms);
        continue;
      case TranscriptStep::Kind::reset:
        world = {};  // the old world ends before the new one begins: they may share a folder
        world = make_world();
        captures.clear();
        continue;
      case TranscriptStep::Kind::exchange:
        break;
    }
    const auto request = request_bytes(step.request, captures);
    if (!request) return where + request.error().message;
    const std::string actual = world.exchange(*request);
    if (golden) {
      step.expected = golden_block(step.expected, actual, captures);
      continue;
    }
    const auto expected = wire_form(step.expected);
    if (!expected) return where + "expected answer: " + expected.error().message;
    const std::string difference = match_answer(*expected, actual, captures);
    if (!difference.empty()) {
      std::string report = where + difference;
      report.append("\n--- request\n").append(*request).append("\n--- answer\n").append(actual);
      report.append("\n--- expected\n").append(*expected).append("\n---");
      return report;
    }
  }
  return {};
}

}  // namespace otaru::tests
