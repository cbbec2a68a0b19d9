// SPDX-License-Identifier: Apache-2.0
// The room `inspect` as app's port. One file at a time: unpacking what lies inside a file may take
// tens of megabytes, and uploads come many at once.
#pragma once

#include <mutex>

#include "app/ports/inspector.h"

namespace otaru::server {

class RoomInspector final : public app::FileInspector {
 public:
  base::Result<app::Inspection> inspect(std::shared_ptr<const base::File> file,
                                        const app::FileExpectation& expected) const override;

 private:
  mutable std::mutex mutex_;
};

}  // namespace otaru::server
