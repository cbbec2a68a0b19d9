// SPDX-License-Identifier: Apache-2.0
// What a robot asks and reports, as gateway verbs. No JSON and no HTTP heads here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/device_gateway.h"
#include "app/secrets.h"
#include "base/result.h"
#include "dialect/ubtech/codec.h"
#include "dialect/ubtech/errors.h"
#include "domain/door.h"

namespace otaru::dialect::ubtech {

enum class AutoRegister { no, yes };

domain::CheckDefaults check_defaults();

// The question of step two: one file per step, to be applied in order.
struct DownloadAnswer {
  struct Step {
    int64_t id = 0;    // download id
    std::string path;  // of the link, from the slash on
  };
  ResultCode code = ResultCode::no_version;
  std::vector<Step> steps;               // not empty with ResultCode::success only
  std::optional<int64_t> retry_after_s;  // without steps: worth asking again then
};
base::Result<DownloadAnswer> answer_download(const DownloadQuery& query, domain::TenantId tenant,
                                             AutoRegister auto_register,
                                             const app::Secrets& secrets,
                                             app::DeviceGateway& gateway);

// Step three. Code::not_found when one of the ids means nothing: then nothing was changed.
base::Status apply_callback(const CallbackQuery& query, domain::TenantId tenant,
                            AutoRegister auto_register, app::DeviceGateway& gateway);

// The path of a package's link: "/version/<package>/<mark>/<file name>". The mark is derived from
// the server's key: a link works without a token, but only links that were given out work.
std::string link_path(const domain::Package& package, const app::Secrets& secrets);
// The package of such a path's three parts (undecoded), published and with the right mark and name.
const domain::Package* find_linked(const domain::Snapshot& catalogue, const app::Secrets& secrets,
                                   std::string_view package, std::string_view mark,
                                   std::string_view file_name);

}  // namespace otaru::dialect::ubtech
