// SPDX-License-Identifier: Apache-2.0
// A folder of its own in which a test makes files with real tools (mkimage, dtc, objcopy ...), gone
// with it.
#pragma once

#include <string>
#include <string_view>

namespace otaru::test {

class Workshop {
 public:
  Workshop();
  ~Workshop();
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  void write(const std::string& name, std::string_view bytes) const;
  // Runs a line of shell in the folder. Fails the test with the tool's own words when it fails, or
  // when the tool is not there (script/bootstrap test).
  bool run(const std::string& line) const;
  std::string read(const std::string& name) const;
  // run() and read(): empty after a failure.
  std::string make(const std::string& line, const std::string& name) const;
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

// Bytes that do not compress, the same every time for one seed.
std::string noise(size_t size, unsigned seed = 1);
// Bytes that look like a program: repeats, text, zeros.
std::string plain(size_t size);

}  // namespace otaru::test
