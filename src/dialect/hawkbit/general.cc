// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/general.h"

#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "dialect/hawkbit/mapping.h"
#include "dialect/hawkbit/poll.h"
#include "http/form.h"

namespace otaru::dialect::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr std::string_view kId = "id";
constexpr std::string_view kToken = "token";

struct LogWord {
  std::string_view word;
  Execution execution;
  Finished finished;
};
// The events that SWUpdate can be told to log.
constexpr std::array<LogWord, 3> kLogWords{{
    {"started", Execution::proceeding, Finished::none},
    {"success", Execution::closed, Finished::success},
    {"fail", Execution::closed, Finished::failure},
}};

// The next field of a comma separated line; fields hold no quotes.
std::string_view take_field(std::string_view& line) {
  const size_t comma = line.find(',');
  const std::string_view field = base::trim(line.substr(0, comma));
  line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  return field;
}

}  // namespace

base::Result<GeneralQuery> read_general_query(std::string_view query) {
  OTARU_TRY(form, http::Form::parse(query, base::Plus::space));
  GeneralQuery out;
  for (const auto& field : form.fields()) {
    if (field.name == kId) {
      out.id = field.value;
    } else if (field.name == kToken) {
      out.token = field.value;
    } else if (field.name.empty() || field.name.size() > limits::kNameBytesMax ||
               field.value.size() > limits::kAttributeBytesMax) {
      return base::fail(Code::too_large, "a parameter has no name, or is too long");
    } else {
      out.attributes.data.emplace_back(field.name, field.value);
    }
  }
  if (out.id.empty()) return base::fail(Code::invalid, "the parameter id is missing");
  return out;
}

base::Result<GeneralLog> read_general_log(std::string_view body) {
  std::string_view line = base::trim(body);
  const std::string_view word = take_field(line);
  GeneralLog out;
  bool known = false;
  for (const LogWord& row : kLogWords) {
    if (row.word != word) continue;
    out.said.execution = row.execution;
    out.said.finished = row.finished;
    known = true;
  }
  if (!known) {
    return base::fail(Code::invalid, "the first field is not one of started, success, fail");
  }
  out.id = take_field(line);
  out.token = take_field(line);
  if (out.id.empty()) return base::fail(Code::invalid, "the second field, the id, is missing");
  if (!line.empty()) out.said.details.emplace_back(line);
  return out;
}

base::Result<GeneralAnswer> answer_general(const Visit& visit, const GeneralQuery& query) {
  OTARU_CHECK(take_config_data(visit, query.attributes));
  Poll poll(visit);
  OTARU_CHECK(poll.ask());
  GeneralAnswer out;
  out.retry_after_s = poll.sleep_s();
  const auto action = poll.to_install();
  if (!action) {
    out.waits = poll.waits();
    return out;
  }
  // One file at a time: of several chunks the first that is not done.
  for (const domain::Task* task : action->tasks) {
    if (!domain::is_open(task->state) || task->chain.empty()) continue;
    if (!row_of(task->state).action_there) continue;
    out.package = visit.gateway.catalogue().package(task->chain.front());
    if (out.package != nullptr) break;
  }
  return out;
}

base::Status take_general_log(const Visit& visit, const GeneralLog& log) {
  const domain::Device& device = visit.gateway.describe(visit.device);
  // It knows no ids: what it speaks of is the newest that is not over.
  for (const domain::Task& task : device.tasks) {
    if (!domain::is_open(task.state)) continue;
    const Action action = action_of(device, visit.gateway.catalogue(), task);
    return take_feedback(visit, std::to_string(action.id.value), log.said);
  }
  return base::fail(Code::not_found, "no update is under way");
}

}  // namespace otaru::dialect::hawkbit
