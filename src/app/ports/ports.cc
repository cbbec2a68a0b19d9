// SPDX-License-Identifier: Apache-2.0
#include "app/ports/blob.h"
#include "app/ports/http_client.h"
#include "app/ports/store.h"
#include "base/encoding.h"

namespace otaru::app {

Store::~Store() = default;
BlobWriter::~BlobWriter() = default;
BlobStore::~BlobStore() = default;
HttpClient::~HttpClient() = default;

std::optional<std::string_view> HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (base::iequals(key, name)) return value;
  }
  return std::nullopt;
}
BlobStore::Hold::~Hold() = default;

}  // namespace otaru::app
