// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/limits.h"

namespace otaru::cli::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr size_t kStateBytesMax = 64 * 1024;
constexpr size_t kFlushBytes = 64 * 1024;
constexpr int64_t kStateFormat = 1;

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string cannot_write(const std::string& path) {
  return "cannot write " + path + ": " + std::strerror(errno);
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::target_type:
      return "target type";
    case Kind::module_type:
      return "software module type";
    case Kind::set_type:
      return "distribution set type";
    case Kind::target_tag:
      return "target tag";
    case Kind::set_tag:
      return "distribution set tag";
    case Kind::module:
      return "software module";
    case Kind::artifact:
      return "artifact";
    case Kind::set:
      return "distribution set";
    case Kind::filter:
      return "target filter";
    case Kind::target:
      return "target";
    case Kind::rollout:
      return "rollout";
  }
  return "";
}

base::Result<State> load_state(const std::string& path, const std::string& of) {
  State out;
  out.of = of;
  std::ifstream in(path, std::ios::binary);
  if (!in) return out;
  std::string text(kStateBytesMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  const auto document = base::JsonDocument::parse(text);
  const auto root = document ? document->root() : base::JsonView();
  const int64_t phase = root.find("phase").integer().value_or(-1);
  if (root.find("otaru_import").integer() != kStateFormat || phase < 0 ||
      phase > static_cast<int64_t>(Phase::done)) {
    return base::fail(Code::invalid, path +
                                         " is no state of an import; remove it, or give another "
                                         "--state");
  }
  if (root.find("of").text() != of) {
    return base::fail(Code::conflict,
                      path + " is of another import, or of the same with other options (" +
                          std::string(root.find("of").text().value_or("")) +
                          "); remove it to begin anew, or give another --state");
  }
  out.phase = static_cast<Phase>(phase);
  out.place = root.find("place").integer().value_or(0);
  out.report_bytes = root.find("report_bytes").integer().value_or(0);
  const auto tally = root.find("tally");
  for (size_t i = 0; i < kKinds && i < tally.size(); ++i) {
    const auto row = tally.at(i);
    const auto number = [&](size_t at) { return row.at(at).integer().value_or(0); };
    out.tally[i] = {number(0), number(1), number(2), number(3), number(4)};
  }
  return out;
}

base::Status save_state(const State& state, const std::string& path) {
  base::JsonWriter out;
  out.begin_object();
  out.member("otaru_import", kStateFormat);
  out.member("of", state.of);
  out.member("phase", static_cast<int64_t>(state.phase));
  out.member("place", state.place);
  out.member("report_bytes", state.report_bytes);
  out.key("tally");
  out.begin_array();
  for (const auto& row : state.tally) {
    out.begin_array();
    for (const int64_t n : {row.read, row.written, row.there, row.inside, row.not_mapped}) {
      out.value(n);
    }
    out.end_array();
  }
  out.end_array();
  out.end_object();
  const std::string temporary = path + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && write_all(fd, out.take() + "\n") && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    return base::fail(Code::internal, cannot_write(path));
  }
  return {};
}

Report::~Report() {
  if (fd_ >= 0) ::close(fd_);
}

base::Status Report::open(const std::string& path, int64_t keep_bytes) {
  path_ = path;
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) return base::fail(Code::internal, cannot_write(path));
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    return base::fail(Code::conflict, "another import is writing " + path);
  }
  const off_t size = ::lseek(fd_, 0, SEEK_END);
  if (size < keep_bytes) {
    return base::fail(Code::conflict, path +
                                          " is shorter than the state says: somebody changed it; "
                                          "remove the state file to begin anew");
  }
  const bool cut = ::ftruncate(fd_, keep_bytes) == 0 && ::lseek(fd_, 0, SEEK_END) == keep_bytes;
  if (!cut) return base::fail(Code::internal, cannot_write(path));
  bytes_ = keep_bytes;
  return {};
}

void Report::add(Kind kind, std::string_view name, Result result, std::string_view reason) {
  base::JsonWriter out;
  out.begin_object();
  out.member("kind", name_of(kind));
  out.member("name", name.substr(0, limits::kHawkbitReportLineBytesMax));
  out.member("result", result == Result::not_mapped ? "not_mapped"
                       : result == Result::partly   ? "partly"
                                                    : "differs");
  out.member("reason", reason.substr(0, limits::kHawkbitReportLineBytesMax));
  out.end_object();
  buffer_ += out.take() + "\n";
  if (buffer_.size() < kFlushBytes) return;
  good_ = write_all(fd_, buffer_) && good_;
  bytes_ += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
}

base::Result<int64_t> Report::flush() {
  good_ = write_all(fd_, buffer_) && ::fdatasync(fd_) == 0 && good_;
  bytes_ += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
  if (!good_) return base::fail(Code::internal, cannot_write(path_));
  return bytes_;
}

}  // namespace otaru::cli::hawkbit
