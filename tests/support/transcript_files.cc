// SPDX-License-Identifier: Apache-2.0
// Transcripts as files and as GoogleTest cases.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/transcript.h"

namespace otaru::tests {
namespace {

bool golden_wanted() {
  // Nothing here writes the environment.
  const char* value = std::getenv("OTARU_GOLDEN");  // NOLINT(concurrency-mt-unsafe)
  return value != nullptr && std::string_view(value) == "1";
}

class TranscriptCase : public ::testing::Test {
 public:
  TranscriptCase(std::string path, MakeTranscriptWorld make_world)
      : path_(std::move(path)), make_world_(std::move(make_world)) {}
  void TestBody() override {
    const std::string report = run_transcript_file(path_, make_world_);
    EXPECT_TRUE(report.empty()) << path_ << ": " << report;
  }

 private:
  std::string path_;
  MakeTranscriptWorld make_world_;
};

class NoTranscripts : public ::testing::Test {
 public:
  explicit NoTranscripts(std::string folder) : folder_(std::move(folder)) {}
  void TestBody() override { FAIL() << "no *.http file in " << folder_; }

 private:
  std::string folder_;
};

}  // namespace

std::string run_transcript_file(const std::string& path, const MakeTranscriptWorld& make_world) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return "cannot be read";
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto transcript = parse_transcript(text);
  if (!transcript) return transcript.error().message;
  const bool golden = golden_wanted();
  std::string report = run_transcript(*transcript, make_world, golden);
  if (!golden || !report.empty()) return report;
  const std::string rewritten = render_transcript(*transcript);
  if (rewritten == text) return {};
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << rewritten;
  return out.good() ? "" : "cannot be written";
}

bool register_transcripts(const std::string& suite, const std::string& folder,
                          const MakeTranscriptWorld& make_world) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".http") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  const std::string name = "transcript_" + suite;
  for (const auto& file : files) {
    ::testing::RegisterTest(name.c_str(), file.stem().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [file, make_world]() -> ::testing::Test* {
                              return new TranscriptCase(file.string(), make_world);
                            });
  }
  if (files.empty()) {
    ::testing::RegisterTest((name + "_missing").c_str(), "any", nullptr, nullptr, __FILE__,
                            __LINE__,
                            [folder]() -> ::testing::Test* { return new NoTranscripts(folder); });
  }
  return !files.empty();
}

}  // namespace otaru::tests
