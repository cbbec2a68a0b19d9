// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_files.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/output.h"
#include "cli/process.h"

namespace otaru::cli {
namespace {

namespace fs = std::filesystem;
using base::Code;

// Debian 12 carries each of these in one version only, so two real files of a package stand for two
// versions of one firmware. The demonstration says so.
struct Source {
  const char* package;
  const char* older;
  const char* newer;
};
constexpr Source kSources[] = {
    {"firmware-ath9k-htc", "/lib/firmware/ath9k_htc/htc_9271-1.4.0.fw",
     "/lib/firmware/ath9k_htc/htc_7010-1.4.0.fw"},
    {"seabios", "/usr/share/seabios/bios.bin", "/usr/share/seabios/bios-256k.bin"},
    {"opensbi", "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
     "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin"},
    {"u-boot-qemu", "/usr/lib/u-boot/qemu-riscv64/u-boot.bin",
     "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin"},
};

// Runs a program in `folder`, its output into a file there; true when it ended with 0.
bool run_in(const std::string& folder, const std::vector<std::string>& words) {
  return run_program({words, folder, folder + "/fetch.log"});
}

// The unpacked root of a package that is not installed; empty when it cannot be had.
std::string fetch(const std::string& scratch, const std::string& package) {
  const std::string folder = scratch + "/" + package;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !run_in(folder, {"apt-get", "-q", "download", package})) return "";
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".deb") continue;
    const std::string root = folder + "/root";
    return run_in(folder, {"dpkg-deb", "-x", entry.path().string(), root}) ? root : "";
  }
  return "";
}

}  // namespace

base::Result<std::vector<FirmwarePair>> debian_firmware(const std::string& scratch,
                                                        bool talkative) {
  std::vector<FirmwarePair> out;
  for (const auto& source : kSources) {
    std::string root;
    std::string origin = std::string("Debian package ") + source.package;
    if (!fs::exists(source.older) || !fs::exists(source.newer)) {
      if (talkative) emit("Fetching the Debian package " + std::string(source.package) + " ...\n");
      std::fflush(stdout);
      root = fetch(scratch, source.package);
      if (interrupted()) return base::fail(Code::timeout, "interrupted");
      if (root.empty() || !fs::exists(root + source.newer)) {
        return base::fail(Code::precondition,
                          std::string("the firmware of the Debian package ") + source.package +
                              " is not here and could not be fetched; run: apt-get install "
                              "firmware-ath9k-htc seabios opensbi u-boot-qemu, or give your own "
                              "files with --dir");
      }
      origin += " (fetched)";
    }
    out.push_back({origin, root + source.older, root + source.newer});
  }
  return out;
}

base::Result<std::vector<FirmwarePair>> folder_firmware(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path().string());
  }
  if (error) return base::fail(Code::invalid, folder + ": " + error.message());
  if (files.size() < 2) {
    return base::fail(Code::invalid, folder + " must hold two files or more: an older and a newer");
  }
  std::sort(files.begin(), files.end());
  std::vector<FirmwarePair> out;
  for (size_t i = 0; i < std::size(kSources); ++i) {
    const size_t first = (2 * i) % (files.size() - 1);
    out.push_back({folder, files[first], files[first + 1]});
  }
  return out;
}

}  // namespace otaru::cli
