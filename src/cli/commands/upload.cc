// SPDX-License-Identifier: Apache-2.0
// `otaru upload VERB`, without add and resume, which move files (upload_file.cc).
#include "cli/commands/table.h"

namespace otaru::cli {

std::vector<Command> upload_commands() {
  const std::string path = "/api/v1/uploads";
  std::vector<Command> out;
  out.push_back({"upload",
                 "list",
                 "List uploads that no package has used up yet",
                 "GET",
                 path,
                 {},
                 {kTenantQuery},
                 {{"ID", "id"},
                  {"FILE", "file_name"},
                  {"BYTES", "size"},
                  {"THERE", "offset"},
                  {"COMPLETE", "complete"},
                  {"BY", "made_by"},
                  {"EXPIRES", "expires_at"}},
                 "",
                 "otaru upload list"});
  out.push_back(act("upload", "show", "Show how far an upload is", "GET", path + "/{id}", kId, "",
                    "otaru upload show 0123456789abcdef0123456789abcdef"));
  out.push_back(act("upload", "remove", "Give an upload up", "DELETE", path + "/{id}", kId,
                    "removed", "otaru upload remove 0123456789abcdef0123456789abcdef"));
  return out;
}

}  // namespace otaru::cli
