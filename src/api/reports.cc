// SPDX-License-Identifier: Apache-2.0
// Why updates failed: reasons grouped over the fleet or one deployment; and what runs of a product.
// Failed tasks are read newest first, as many as one request may; a fleet that fails more than that
// has its newest counted.
#include <algorithm>
#include <map>

#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

using base::Code;

constexpr size_t kFailuresScannedMax = 100'000;  // about a second of work
constexpr size_t kFailuresPerRead = 1'000;
// Devices may say anything; what is rarer than these is counted together.
constexpr size_t kFailureGroupsMax = 2'000;  // kept while counting
constexpr size_t kFailureGroupsShown = 100;
constexpr size_t kFailureExamplesMax = 5;
constexpr size_t kVersionsShown = 1'000;

struct FailureGroup {
  int64_t count = 0;
  base::Time first_at;
  base::Time last_at;
  std::vector<domain::DeploymentId> deployments;
  std::vector<domain::DeviceId> devices;
};

template <class Id>
void note_one(std::vector<Id>& some, Id id) {
  if (some.size() >= kFailureExamplesMax) return;
  if (std::find(some.begin(), some.end(), id) == some.end()) some.push_back(id);
}

class FailureReport {
 public:
  void add(const domain::Task& task) {
    const std::pair key(task.failure, task.result);
    if (groups_.size() >= kFailureGroupsMax && groups_.count(key) == 0) {
      ++others_;
      return;
    }
    FailureGroup& group = groups_[key];
    const bool first = group.count++ == 0;
    group.first_at = first ? task.updated_at : std::min(group.first_at, task.updated_at);
    group.last_at = first ? task.updated_at : std::max(group.last_at, task.updated_at);
    note_one(group.deployments, task.deployment);
    note_one(group.devices, task.device);
  }

  base::Result<std::string> json(const Call& call, size_t scanned, bool counted_all) {
    using Entry = std::pair<const Key, FailureGroup>;
    std::vector<const Entry*> sorted;
    for (const Entry& entry : groups_) sorted.push_back(&entry);
    std::stable_sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
      return a->second.count > b->second.count;
    });
    for (size_t i = kFailureGroupsShown; i < sorted.size(); ++i) {
      others_ += sorted[i]->second.count;
    }
    if (sorted.size() > kFailureGroupsShown) sorted.resize(kFailureGroupsShown);
    base::JsonWriter out;
    out.begin_object();
    out.key("items");
    out.begin_array();
    for (const Entry* entry : sorted) OTARU_CHECK(write(out, call, entry->first, entry->second));
    out.end_array();
    out.member("others", others_);
    out.member("scanned", scanned);
    out.member("counted_all", counted_all);
    out.end_object();
    return out.take();
  }

 private:
  using Key = std::pair<domain::FailureClass, std::string>;

  static base::Status write(base::JsonWriter& out, const Call& call, const Key& key,
                            const FailureGroup& group) {
    out.begin_object();
    out.member("failure", domain::name_of(key.first));
    out.member("result", key.second);
    out.member("count", group.count);
    time_member(out, "first_at", group.first_at);
    time_member(out, "last_at", group.last_at);
    out.key("deployments");
    out.begin_array();
    for (const auto id : group.deployments) out.value(id.value);
    out.end_array();
    out.key("examples");
    out.begin_array();
    for (const auto id : group.devices) {
      OTARU_TRY(device, call.store().find_device(id));
      if (device) out.value(device->key);  // else deleted meanwhile
    }
    out.end_array();
    out.end_object();
    return {};
  }

  std::map<Key, FailureGroup> groups_;
  int64_t others_ = 0;
};

Answer failures_of(const Call& call, app::TaskFilter filter, base::Time since) {
  FailureReport report;
  filter.state = domain::TaskState::failed;
  filter.limit = kFailuresPerRead;
  size_t scanned = 0;
  bool more = true;
  while (more && scanned < kFailuresScannedMax) {
    OTARU_TRY(rows, call.store().list_tasks(filter));
    more = rows.size() == filter.limit;
    for (const auto& task : rows) {
      filter.before_id = task.id.value;
      if (task.updated_at >= since) report.add(task);
    }
    scanned += rows.size();
  }
  OTARU_TRY(json, report.json(call, scanned, !more));
  return json_response(200, json);
}

}  // namespace

Answer list_failures(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  app::TaskFilter filter;
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  filter.tenant = tenant;
  const auto since = query.text("since");
  OTARU_CHECK(query.done());
  base::Time from;
  if (since && !base::parse_iso8601(*since, from)) {
    return base::fail_rule(Code::invalid, "since", "type", "it is no time",
                           "write it as 2026-05-01T12:00:00Z");
  }
  return failures_of(call, filter, from);
}

Answer list_deployment_failures(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(deployment, call.deployment(id, "id"));
  app::TaskFilter filter;
  filter.deployment = deployment->id;
  return failures_of(call, filter, {});
}

namespace {

base::Result<int64_t> parse_history(std::string_view text) {
  if (text == "hour") return base::kHourMs;
  if (text == "day") return base::kDayMs;
  return base::fail(base::Code::invalid, "history is hour or day");
}

void write_sample(base::JsonWriter& out, const app::VersionSample& row) {
  int64_t total = row.others;
  for (const int64_t n : row.counts) total += n;
  out.begin_object();
  time_member(out, "at", row.at);
  out.member("total", total);
  out.key("versions");
  out.begin_array();
  for (size_t i = 0; i < row.versions.size() && i < row.counts.size(); ++i) {
    out.begin_object();
    out.member("version", row.versions[i]);
    out.member("count", row.counts[i]);
    out.end_object();
  }
  out.end_array();
  out.member("others", row.others);
  out.end_object();
}

}  // namespace

// What devices report, most frequent first. Counted with every change, not now. With `history` also
// what they reported before, as samples tell.
Answer list_product_versions(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(product, call.product(id, "id"));
  OTARU_TRY(query, Query::of(call.request));
  const auto step_ms = query.word("history", parse_history);
  OTARU_CHECK(query.done());
  OTARU_TRY(counts, call.store().version_counts(product->id));
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.n > b.n; });
  int64_t total = 0;
  int64_t others = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    total += counts[i].n;
    if (i >= kVersionsShown) others += counts[i].n;
  }
  if (counts.size() > kVersionsShown) counts.resize(kVersionsShown);
  base::JsonWriter out;
  out.begin_object();
  out.member("total", total);
  out.key("items");
  out.begin_array();
  for (const auto& row : counts) {
    const auto* release = call.snapshot->release(product->id, row.version);
    out.begin_object();
    out.member("version", row.version);
    out.member("count", row.n);
    id_or_null_member(out, "release", release == nullptr ? 0 : release->id.value);
    out.end_object();
  }
  out.end_array();
  out.member("others", others);
  if (step_ms) {
    OTARU_TRY(samples, call.store().version_samples(product->id, *step_ms, base::Time{}));
    out.key("history");
    out.begin_array();
    for (const auto& row : samples) write_sample(out, row);
    out.end_array();
  }
  out.end_object();
  return json_response(200, out.take());
}

}  // namespace otaru::api
