// SPDX-License-Identifier: Apache-2.0
// How a deployment is typed: short forms of waves, brakes, rates, times (docs/deployments.md), as
// members of the API's JSON. Errors are Code::invalid and begin with "column N: ".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace otaru::cli {

class Client;

// Where a value goes ("rate.per_minute"), and its JSON.
using Member = std::pair<std::string, std::string>;
using Members = std::vector<Member>;

// What one flag says; `texts` are its values, in order.
using FlagReader = base::Result<Members> (*)(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_percent(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_windows(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_rate(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_growth(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_bandwidth(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_waves(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_brakes(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_timeouts(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_silence(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_health(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_retry_interval(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_requirements(const std::vector<std::string>& texts, Client& client);
base::Result<Members> read_kit_items(const std::vector<std::string>& texts, Client& client);
// A file with what the API shows of a deployment; what only the server writes is left out.
base::Result<Members> read_plan_file(const std::vector<std::string>& texts, Client& client);

// "90s", "1h30m", "2d", "45" (seconds).
base::Result<int64_t> parse_seconds(std::string_view text);

// One object from members in any order; a later one takes the place of an earlier one.
std::string object_of(const Members& members);

// What a deployment says and how far it is, for people.
std::string deployment_text(base::JsonView deployment);

}  // namespace otaru::cli
