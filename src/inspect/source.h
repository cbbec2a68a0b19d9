// SPDX-License-Identifier: Apache-2.0
// Bytes by offset: what a file is inspected through, wherever they are.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/file.h"
#include "base/result.h"

namespace otaru::inspect {

class Source {
 public:
  virtual ~Source();
  virtual uint64_t size() const = 0;  // bytes
  // How many bytes were read from `offset` on: fewer than asked for only at the end. An error is
  // one of the disk (Code::unavailable), never one of the content.
  virtual base::Result<size_t> read(uint64_t offset, std::span<char> into) = 0;
};

class FileSource final : public Source {
 public:
  explicit FileSource(std::shared_ptr<const base::File> file) : file_(std::move(file)) {}
  uint64_t size() const override { return static_cast<uint64_t>(file_->size()); }
  base::Result<size_t> read(uint64_t offset, std::span<char> into) override;

 private:
  std::shared_ptr<const base::File> file_;
};

class StringSource final : public Source {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  base::Result<size_t> read(uint64_t offset, std::span<char> into) override;

 private:
  std::string bytes_;
};

}  // namespace otaru::inspect
