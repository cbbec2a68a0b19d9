// SPDX-License-Identifier: Apache-2.0
// What `otaru publish FILE` takes from the file itself where no flag says it: product, version, and
// for --create the product's model and hardware.
//
//   OTARU_CHECK(take_from_file(args, session));   // args.product and args.version are set
//
// Everything taken is shown with the place where it stands, and nothing happens without a word of
// the operator: "y" on a terminal, or --yes. A file's words are anybody's, so a product is looked
// up by its whole name only: "12" in a file is no id.
#pragma once

#include "base/result.h"
#include "cli/special.h"

namespace otaru::cli {

base::Status take_from_file(PublishArgs& args, Session& session);

}  // namespace otaru::cli
