// SPDX-License-Identifier: Apache-2.0
#include "inspect/source.h"

#include <algorithm>
#include <cstring>

namespace otaru::inspect {

Source::~Source() = default;

base::Result<size_t> FileSource::read(uint64_t offset, std::span<char> into) {
  if (offset >= size()) return size_t{0};
  return file_->read(static_cast<int64_t>(offset), into.data(), into.size());
}

base::Result<size_t> StringSource::read(uint64_t offset, std::span<char> into) {
  if (offset >= bytes_.size() || into.empty()) return size_t{0};
  const size_t count = std::min(into.size(), bytes_.size() - static_cast<size_t>(offset));
  std::memcpy(into.data(), bytes_.data() + offset, count);
  return count;
}

}  // namespace otaru::inspect
