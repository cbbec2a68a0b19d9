// SPDX-License-Identifier: Apache-2.0
#include "tests/support/workshop.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace otaru::test {
namespace fs = std::filesystem;

Workshop::Workshop() {
  std::string pattern = (fs::temp_directory_path() / "otaru-workshop-XXXXXX").string();
  const char* made = ::mkdtemp(pattern.data());
  EXPECT_NE(made, nullptr);
  folder_ = pattern;
}

Workshop::~Workshop() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Workshop::write(const std::string& name, std::string_view bytes) const {
  std::ofstream out(fs::path(folder_) / name, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

bool Workshop::run(const std::string& line) const {
  // Administrators' tools (mkfs.ext4) are outside the path of users.
  const std::string command = "cd '" + folder_ +
                              "' && PATH=$PATH:/usr/sbin:/sbin && export PATH && ( " + line +
                              " ) >log.txt 2>&1";
  const int status = std::system(command.c_str());
  EXPECT_EQ(status, 0) << line << "\n" << read("log.txt");
  return status == 0;
}

std::string Workshop::read(const std::string& name) const {
  std::ifstream in(fs::path(folder_) / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string Workshop::make(const std::string& line, const std::string& name) const {
  return run(line) ? read(name) : std::string();
}

std::string noise(size_t size, unsigned seed) {
  std::string out(size, '\0');
  uint64_t state = 0x9E3779B97F4A7C15u * (seed + 1);
  for (char& c : out) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state >> 32);
  }
  return out;
}

std::string plain(size_t size) {
  std::string out;
  for (size_t i = 0; out.size() < size; ++i) {
    out += "push {r4, lr}; mov r" + std::to_string(i % 13) + ", #" + std::to_string(i * 7 % 256);
    out.append(i % 9, '\0');
  }
  out.resize(size);
  return out;
}

}  // namespace otaru::test
