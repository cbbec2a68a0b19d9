// SPDX-License-Identifier: Apache-2.0
// The long lists of deployments as files: read while they come, made while they are sent.
#include "api/handlers.h"
#include "app/key_list.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

using app::DeviceList;

class ListSink final : public http::BodySink {
 public:
  ListSink(const Call& call, domain::DeploymentId id, DeviceList which, app::ListMode mode)
      : catalogue_(call.catalogue()), actor_(call.by()), id_(id), which_(which), mode_(mode) {}

  base::Status write(std::string_view bytes) override {
    auto read = reader_.write(bytes);
    if (!read) failure_ = read.error();
    return read;
  }
  http::Response finish() override {
    if (failure_) return refused(*failure_);
    const auto keys = reader_.finish();
    if (!keys) return refused(keys.error());
    const auto done = catalogue_.change_list(actor_, id_, which_, mode_, *keys);
    if (!done) return refused(done.error());
    base::JsonWriter out;
    out.begin_object();
    out.member("deployment", id_.value);
    out.member("list", name_of(which_));
    out.member("mode", name_of(mode_));
    out.member("lines", reader_.keys_read());
    out.member("keys", keys->size());
    out.member("added", done->added);
    out.member("removed", done->removed);
    out.member("unchanged", done->unchanged);
    out.member("count", done->count);
    out.end_object();
    return json_response(200, out.take());
  }

 private:
  http::Response refused(const base::Error& error) const {
    return problem(error, "list of deployment " + std::to_string(id_.value));
  }

  app::CatalogueService& catalogue_;
  app::Actor actor_;
  domain::DeploymentId id_;
  DeviceList which_;
  app::ListMode mode_;
  app::KeyListReader reader_;
  std::optional<base::Error> failure_;
};

SinkAnswer put_list(Call& call, DeviceList which) {
  OTARU_TRY(query, Query::of(call.request));
  const auto mode = query.word("mode", app::parse_list_mode).value_or(app::ListMode::replace);
  OTARU_CHECK(query.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
  return std::make_unique<ListSink>(call, known->id, which, mode);
}

// What the set is at this moment; a reader keeps it while somebody else changes the list.
Answer export_list(Call& call, DeviceList which) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.deployment(id, "id"));
  const auto& list = which == DeviceList::devices ? row->device_keys : row->excluded_keys;
  http::Response response(200);
  response.header("Content-Type", "text/csv; charset=utf-8; header=present")
      .header("Cache-Control", "no-store")
      .slot(http::Slot::date)
      .slot(http::Slot::connection);
  const auto producer = [reader = list.read(),
                         begun = false](std::string& out) mutable -> base::Result<bool> {
    if (!begun) out += "key\n";
    begun = true;
    while (out.size() < base::limits::kSourcePieceBytes) {
      if (!reader.next()) return false;
      base::append_csv_field(reader.key(), out);
      out += '\n';
    }
    return true;
  };
  response.stream(http::make_pooled_source(call.parts.post, producer));
  return response;
}

}  // namespace

Answer write_key_page(const domain::KeySet& keys, const Page& page) {
  const auto after = base::unhex(page.cursor);
  if (!after) return base::fail(wrong_cursor().error());
  auto reader = page.cursor.empty() ? keys.read() : keys.read_after(*after);
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  std::string last;
  for (size_t count = 0; count < page.limit && reader.next(); ++count) {
    last.assign(reader.key());
    out.value(last);
  }
  out.end_array();
  if (!reader.next()) {
    out.null_member("next_cursor");
  } else {
    out.member("next_cursor", base::hex(last));
  }
  out.end_object();
  return json_response(200, out.take());
}

Answer list_excluded_devices(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.deployment(id, "id"));
  return write_key_page(row->excluded_keys, page);
}

SinkAnswer put_deployment_devices(Call& call) {
  return put_list(call, DeviceList::devices);
}
SinkAnswer put_excluded_devices(Call& call) {
  return put_list(call, DeviceList::excluded);
}
Answer export_deployment_devices(Call& call) {
  return export_list(call, DeviceList::devices);
}
Answer export_excluded_devices(Call& call) {
  return export_list(call, DeviceList::excluded);
}

}  // namespace otaru::api
