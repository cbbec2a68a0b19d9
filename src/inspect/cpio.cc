// SPDX-License-Identifier: Apache-2.0
#include "inspect/cpio.h"

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::inspect {
namespace {

// cpio(5), "New ASCII Format": magic of 6 bytes, then 13 fields of 8 hexadecimal digits.
constexpr size_t kCpioHeaderBytes = 110;
constexpr size_t kFieldBytes = 8;
constexpr std::string_view kNewc = "070701";
constexpr std::string_view kCrc = "070702";
constexpr std::string_view kTrailer = "TRAILER!!!";

enum CpioField : size_t { file_size = 6, name_size = 11, check = 12 };

std::optional<uint32_t> field(std::string_view header, CpioField which) {
  const auto bytes = base::unhex(header.substr(kNewc.size() + which * kFieldBytes, kFieldBytes));
  if (!bytes) return std::nullopt;
  uint32_t value = 0;
  for (const char byte : *bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

uint64_t padded(uint64_t size) {
  return (size + 3) & ~uint64_t{3};
}

}  // namespace

bool looks_like_cpio(std::string_view first) {
  return first.size() >= kCpioHeaderBytes &&
         (first.starts_with(kNewc) || first.starts_with(kCrc)) && field(first, file_size) &&
         field(first, name_size) && field(first, check);
}

base::Result<std::optional<CpioMember>> Cpio::next() {
  const auto stop = [this](End why) {
    end_ = why;
    return std::optional<CpioMember>();
  };
  if (end_ != End::none) return stop(end_);
  if (members_ >= base::limits::kInspectEntriesMax || !reader_.step()) {
    reader_.budget().exhausted = true;
    return stop(End::limit);
  }
  ++members_;
  OTARU_TRY(header, reader_.bytes(at_, kCpioHeaderBytes));
  const End short_read = reader_.budget().exhausted ? End::limit : End::cut;
  if (header.size() < kCpioHeaderBytes) return stop(short_read);
  if (!looks_like_cpio(header)) return stop(End::damaged);
  const uint32_t name_bytes = *field(header, name_size);
  if (name_bytes == 0 || name_bytes > base::limits::kInspectNameBytesMax) return stop(End::damaged);
  OTARU_TRY(name, reader_.bytes(at_ + kCpioHeaderBytes, name_bytes));
  if (name.size() < name_bytes) return stop(short_read);
  CpioMember member;
  member.name = name.substr(0, name.find('\0'));
  if (member.name == kTrailer) return stop(End::trailer);
  member.header = at_;
  member.offset = at_ + padded(kCpioHeaderBytes + name_bytes);
  member.size = *field(header, file_size);
  member.has_checksum = header.starts_with(kCrc);
  member.checksum = *field(header, check);
  member.whole = member.offset + member.size <= reader_.size();
  at_ = member.offset + padded(member.size);
  return std::optional<CpioMember>(std::move(member));
}

}  // namespace otaru::inspect
