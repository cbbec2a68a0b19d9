// SPDX-License-Identifier: Apache-2.0
// Devices by the million: imports run in the background, exports are made while they are sent.
#include <limits>

#include "api/handlers.h"
#include "app/device_line.h"
#include "base/limits.h"
#include "domain/device_filter.h"

namespace otaru::api {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr size_t kErrorsPerPiece = 500;
constexpr size_t kDevicesPerPiece = 500;

void write_import(base::JsonWriter& out, const Call& call, const app::ImportStatus& status) {
  const auto& row = status.row;
  out.begin_object();
  out.member("id", row.id);
  out.member("tenant", call.tenant_name(row.tenant));
  out.member("kind", "devices");
  out.member("state", app::name_of(row.state));
  out.member("format", app::name_of(row.format));
  out.member("mode", app::name_of(row.mode));
  out.member("dry_run", row.dry_run);
  out.member("file_name", row.file_name);
  out.member("size_bytes", row.size_bytes);
  out.member("done_bytes", row.done_bytes);
  out.member("percent", row.size_bytes == 0 ? 100 : row.done_bytes * 100 / row.size_bytes);
  out.member("lines", row.lines);
  out.member("lines_per_second", static_cast<int64_t>(status.lines_per_second));
  out.member("created", row.created);
  out.member("updated", row.updated);
  out.member("unchanged", row.unchanged);
  out.member("failed", row.failed);
  out.member("message", row.message);
  out.member("started_by", row.actor_name);
  time_member(out, "created_at", row.created_at);
  time_member(out, "updated_at", row.updated_at);
  time_or_null_member(out, "ended_at", row.ended_at);
  out.end_object();
}

http::Response import_response(int status, const Call& call, const app::ImportStatus& row) {
  base::JsonWriter out;
  write_import(out, call, row);
  return json_response(status, out.take());
}

base::Result<app::ImportStatus> find_import(const Call& call) {
  OTARU_TRY(id, call.id());
  auto found = call.parts.imports->status(id);
  if (found && call.sees(found->row.tenant)) return found;
  return base::fail_field(Code::not_found, "id", "there is no import " + std::to_string(id));
}

// One export under way: pages of the list of devices, in the order of their keys.
class DeviceExport {
 public:
  DeviceExport(app::Engine& engine, std::optional<domain::TenantId> tenant, domain::Filter filter,
               app::ImportFormat format)
      : engine_(engine), tenant_(tenant), filter_(std::move(filter)), format_(format) {}

  base::Result<bool> produce(std::string& out) {
    if (format_ == app::ImportFormat::csv && !columns_known_) {
      // The columns come first, so the fleet is read twice: a piece of it each time, since a worker
      // is not to be held for as long as a million devices take.
      OTARU_TRY(more, next([&](const domain::Snapshot&, const app::DeviceListing& row) {
                  names_.collect(row.device);
                }));
      if (more) return true;
      out += app::device_csv_header(names_);
      columns_known_ = true;
      after_.clear();
      return true;
    }
    OTARU_TRY(more, next([&](const domain::Snapshot& snapshot, const app::DeviceListing& row) {
                ++count_;
                if (format_ == app::ImportFormat::csv) {
                  app::append_device_csv(snapshot, names_, row, out);
                  return;
                }
                base::JsonWriter line;
                app::write_device_json(line, snapshot, row);
                out += line.text();
                out += '\n';
              }));
    if (more) return true;
    if (format_ == app::ImportFormat::ndjson) {
      out += "{\"complete\":true,\"count\":" + std::to_string(count_) + "}\n";
    }
    return false;
  }

 private:
  template <class Each>
  base::Result<bool> next(const Each& each) {
    app::DeviceFilter page;
    page.tenant = tenant_;
    page.after = after_;
    page.limit = kDevicesPerPiece;
    OTARU_TRY(rows, engine_.store().list_devices(page));
    const auto snapshot = engine_.snapshot();
    for (const auto& row : rows) {
      if (filter_.matches(domain::DeviceSubject(*snapshot, row.device, row.last_seen))) {
        each(*snapshot, row);
      }
    }
    if (rows.size() < kDevicesPerPiece) return false;
    const auto& last = rows.back().device;
    after_ = std::to_string(last.tenant.value) + "\n" + last.key;
    return true;
  }

  app::Engine& engine_;
  std::optional<domain::TenantId> tenant_;
  domain::Filter filter_;
  app::ImportFormat format_;
  bool columns_known_ = false;
  app::DeviceCsvNames names_;
  std::string after_;
  int64_t count_ = 0;
};

}  // namespace

Answer list_imports(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  int64_t before = std::numeric_limits<int64_t>::max();
  if (!page.cursor.empty()) {
    const auto number = base::parse_int(page.cursor);
    if (!number) return base::fail(wrong_cursor().error());
    before = *number;
  }
  size_t count = 0;
  int64_t last = 0;
  bool more = false;
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  for (const auto& status : call.parts.imports->list()) {
    if (status.row.id >= before || (tenant && status.row.tenant != *tenant)) continue;
    more = count == page.limit;
    if (more) break;
    write_import(out, call, status);
    last = status.row.id;
    ++count;
  }
  out.end_array();
  if (more) {
    out.member("next_cursor", std::to_string(last));
  } else {
    out.null_member("next_cursor");
  }
  out.end_object();
  return json_response(200, out.take());
}

Answer create_import(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  app::ImportSpec spec;
  const auto tenant_name = fields.text("tenant");
  const auto kind = fields.text("kind");
  spec.upload = fields.required_text("upload");
  spec.format = fields.word("format", app::parse_import_format);
  spec.mode = fields.word("mode", app::parse_import_mode).value_or(app::ImportMode::upsert);
  spec.dry_run = fields.flag("dry_run").value_or(false);
  OTARU_CHECK(fields.done());
  if (kind && *kind != "devices") {
    return base::fail_field(Code::invalid, "kind", "only devices are imported");
  }
  OTARU_TRY(tenant, call.tenant(tenant_name));
  spec.tenant = tenant;
  OTARU_TRY(row, call.parts.imports->create(call.by(), spec));
  return import_response(201, call, {row, 0});
}

Answer get_import(Call& call) {
  OTARU_TRY(found, find_import(call));
  return import_response(200, call, found);
}

Answer cancel_import(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  OTARU_CHECK(body.fields().done());
  OTARU_TRY(found, find_import(call));
  OTARU_TRY(row, call.parts.imports->cancel(call.by(), found.row.id));
  return import_response(200, call, {row, 0});
}

http::Response streamed(const Call& call, std::string_view type, http::Producer producer) {
  http::Response response(200);
  response.header("Content-Type", type)
      .header("Cache-Control", "no-store")
      .slot(http::Slot::date)
      .slot(http::Slot::connection);
  response.stream(http::make_pooled_source(call.parts.post, std::move(producer)));
  return response;
}

Answer list_import_errors(Call& call) {
  OTARU_TRY(found, find_import(call));
  auto* engine = call.parts.engine;
  const auto producer = [engine, id = found.row.id,
                         after = int64_t{0}](std::string& out) mutable -> base::Result<bool> {
    OTARU_TRY(errors, engine->store().import_errors(id, after, kErrorsPerPiece));
    for (const auto& error : errors) {
      base::JsonWriter line;
      line.begin_object();
      line.member("line", error.line);
      line.member("key", error.key);
      line.member("field", error.field);
      line.member("reason", error.reason);
      line.end_object();
      out += line.text();
      out += '\n';
      after = error.n;
    }
    return errors.size() == kErrorsPerPiece;
  };
  return streamed(call, "application/x-ndjson", producer);
}

Answer export_devices(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const auto format =
      query.word("format", app::parse_import_format).value_or(app::ImportFormat::ndjson);
  const auto filter_text = query.text("filter").value_or("");
  OTARU_CHECK(query.done());
  OTARU_TRY(filter, domain::Filter::compile(filter_text, domain::device_words()));
  // An export is imported into one tenant: keys of several would be mixed up.
  const auto which = tenant ? *tenant : call.actor.tenant;
  const auto work =
      std::make_shared<DeviceExport>(*call.parts.engine, which, std::move(filter), format);
  const bool csv = format == app::ImportFormat::csv;
  return streamed(call, csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson",
                  [work](std::string& out) { return work->produce(out); });
}

}  // namespace otaru::api
