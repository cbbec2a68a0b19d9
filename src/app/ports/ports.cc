// SPDX-License-Identifier: Apache-2.0
#include "app/ports/blob.h"
#include "app/ports/store.h"

namespace otaru::app {

Store::~Store() = default;
BlobWriter::~BlobWriter() = default;
BlobStore::~BlobStore() = default;

}  // namespace otaru::app
