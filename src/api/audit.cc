// SPDX-License-Identifier: Apache-2.0
// The journal of changes, read. Its entries are shown as the lines they are chained by.
#include "api/handlers.h"
#include "app/journal.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

using base::Code;

// Pages of an export are filled up to about this size; one entry may be half a megabyte.
constexpr size_t kExportBytes = 1024 * 1024;
constexpr size_t kExportRead = 16;
constexpr size_t kExportEntriesMax = 1'000;

base::Result<std::optional<base::Time>> time_of(Query& query, std::string_view name) {
  const auto text = query.text(name);
  if (!text) return std::optional<base::Time>();
  base::Time time;
  if (base::parse_iso8601(*text, time)) return std::optional(time);
  return base::fail_field(Code::invalid, std::string(name), "it is no time",
                          "write it as 2026-05-01T12:00:00Z");
}

// Whose entries the caller may see; nothing: all of them.
std::optional<std::string> own_tenant(const Call& call) {
  if (call.actor.everywhere()) return std::nullopt;
  return std::string(call.tenant_name(call.actor.tenant));
}

}  // namespace

Answer list_audit(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  app::JournalFilter filter;
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  if (tenant) filter.tenant = std::string(call.tenant_name(*tenant));
  filter.actor = query.text("actor");
  filter.action_prefix = query.text("action").value_or("");
  if (const auto subject = query.text("subject")) {
    const size_t slash = subject->find('/');
    filter.subject_kind = subject->substr(0, slash);
    if (slash != std::string::npos) filter.subject_id = subject->substr(slash + 1);
  }
  OTARU_TRY(since, time_of(query, "since"));
  OTARU_TRY(until, time_of(query, "until"));
  filter.since = since;
  filter.until = until;
  const Page page = query.page();
  OTARU_CHECK(query.done());
  if (!page.cursor.empty()) {
    const auto before = base::parse_int(page.cursor);
    if (!before || *before < 1) return base::fail(wrong_cursor().error());
    filter.before = *before;
  }
  filter.limit = page.limit + 1;
  OTARU_TRY(rows, call.store().list_journal(filter));
  const bool more = rows.size() > page.limit;
  if (more) rows.pop_back();
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  for (const auto& row : rows) out.raw(app::journal_line(row));
  out.end_array();
  if (more) {
    out.member("next_cursor", std::to_string(rows.back().sequence));
  } else {
    out.null_member("next_cursor");
  }
  out.end_object();
  return json_response(200, out.take());
}

Answer get_audit_entry(Call& call) {
  const auto sequence = base::parse_int(call.params.front());
  if (sequence && *sequence > 0) {
    OTARU_TRY(rows, call.store().read_journal(*sequence - 1, 1));
    const auto own = own_tenant(call);
    if (!rows.empty() && rows.front().sequence == *sequence &&
        (!own || rows.front().tenant == *own)) {
      return json_response(200, app::journal_line(rows.front()));
    }
  }
  return base::fail_field(Code::not_found, "sequence", "there is no such entry");
}

Answer get_audit_head(Call& call) {
  const auto head = call.parts.engine->journal().head();
  base::JsonWriter out;
  out.begin_object();
  out.member("sequence", head.sequence);
  out.member("hash", head.hash);
  out.member("head", std::to_string(head.sequence) + ":" + head.hash);
  out.end_object();
  return json_response(200, out.take());
}

Answer export_audit(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  int64_t after = query.integer("after").value_or(0);
  const int64_t limit = query.integer("limit").value_or(kExportEntriesMax);
  OTARU_CHECK(query.done());
  if (after < 0) return base::fail_field(Code::invalid, "after", "it is a sequence, 0 or more");
  if (limit < 1 || limit > static_cast<int64_t>(kExportEntriesMax)) {
    return base::fail_field(Code::invalid, "limit",
                            "it must be from 1 to " + std::to_string(kExportEntriesMax));
  }
  std::string lines;
  for (int64_t left = limit; left > 0 && lines.size() < kExportBytes;) {
    OTARU_TRY(rows,
              call.store().read_journal(after, std::min(kExportRead, static_cast<size_t>(left))));
    if (rows.empty()) break;
    for (const auto& row : rows) lines += app::journal_line(row) + "\n";
    after = rows.back().sequence;
    left -= static_cast<int64_t>(rows.size());
  }
  auto response = json_response(200, std::move(lines));
  for (auto& header : response.headers) {
    if (header.name == "Content-Type") header.value = "application/x-ndjson";
  }
  return response;
}

}  // namespace otaru::api
