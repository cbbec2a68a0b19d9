// SPDX-License-Identifier: Apache-2.0
#include "tests/support/api_world.h"

#include <unistd.h>

#include "base/encoding.h"

namespace otaru::api {
namespace {

http::Method method_of(std::string_view name) {
  for (const auto method :
       {http::Method::get, http::Method::head, http::Method::post, http::Method::put,
        http::Method::patch, http::Method::del, http::Method::options}) {
    if (http::method_name(method) == name) return method;
  }
  return http::Method::other;
}

Reply reply_of(const http::Response& response) {
  Reply out;
  out.status = response.status;
  out.headers = response.headers;
  out.source = response.source;
  for (const auto& piece : response.body) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      out.body += *text;
      continue;
    }
    const auto& slice = std::get<http::FileSlice>(piece);
    std::string bytes(static_cast<size_t>(slice.length), '\0');
    EXPECT_EQ(::pread(slice.file->fd(), bytes.data(), bytes.size(), slice.offset), slice.length);
    out.body += bytes;
  }
  return out;
}

}  // namespace

std::string Reply::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (header.name == name) return header.value;
  }
  return "(none)";
}

std::string Reply::at(std::string_view path) const {
  const auto document = base::JsonDocument::parse(body);
  if (!document) return "(not JSON)";
  auto view = document->root();
  while (!path.empty()) {
    const size_t dot = path.find('.');
    const auto part = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    const auto index = base::parse_uint(part);
    view = index && view.is_array() ? view.at(*index) : view.find(part);
  }
  if (!view.exists()) return "(none)";
  if (view.is_null()) return "null";
  if (const auto text = view.text()) return std::string(*text);
  if (const auto number = view.integer()) return std::to_string(*number);
  if (const auto flag = view.boolean()) return *flag ? "true" : "false";
  return view.is_array() ? "[" + std::to_string(view.size()) + "]" : "{...}";
}

int64_t Reply::id() const {
  return base::parse_int(at("id")).value_or(-1);
}

std::string Reply::outcome() const {
  std::string out = std::to_string(status);
  if (status < 400) return out;
  EXPECT_EQ(header("Content-Type"), "application/problem+json");
  EXPECT_EQ(at("status"), out);
  EXPECT_NE(at("detail"), "");
  out += " " + at("code");
  if (at("field") != "null") out += " " + at("field");
  return out;
}

ApiTest::ApiTest() {
  const auto key = catalogue->first_start();
  EXPECT_TRUE(key.has_value() && key->has_value());
  admin_key = **key;
  restart_api();
}

void ApiTest::restart_all() {
  api.reset();
  dry_runs.reset();
  webhooks.reset();
  access.reset();
  restart();
  restart_api();
}

void ApiTest::restart_api() {
  ApiParts parts;
  parts.engine = engine.get();
  parts.catalogue = catalogue.get();
  parts.uploads = uploads.get();
  parts.fleet = fleet.get();
  parts.access = access.get();
  parts.behind_tls = behind_tls;
  parts.imports = imports.get();
  doors = {};
  doors.add("plain", {});  // a protocol that states nothing but the version
  dry_runs = std::make_unique<app::DryRunService>(*engine, doors, app::DryRunService::Mode::manual);
  parts.post = [](const std::function<void()>& job) { job(); };
  parts.secrets = &secrets;
  webhooks = std::make_unique<app::WebhookService>(*engine, http, webhook_workers, secrets, random,
                                                   app::WebhookOptions());
  EXPECT_TRUE(webhooks->start().has_value());
  parts.webhooks = webhooks.get();
  parts.doors = &doors;
  parts.dry_runs = dry_runs.get();
  parts.version = "0.0.0-test";
  parts.not_ready = [this] { return not_ready; };
  parts.metrics = [] { return std::string("otaru_test 7\n"); };
  api = std::make_unique<Api>(std::move(parts));
  router_ = std::make_unique<http::Router>();
  for (const auto& route : api->routes()) {
    EXPECT_TRUE(
        router_->add({route.method}, route.pattern, static_cast<size_t>(route.tag)).has_value());
  }
}

Reply ApiTest::ask(std::string_view method, std::string_view target, std::string_view body) {
  return ask_as(admin_key, method, target, body);
}

// A request as the server would hand it over, and the route it belongs to.
struct ApiTest::Routed {
  http::Request request;
  std::string authorization;
  http::RouteMatch match;
  std::vector<std::string_view> params;

  Routed(const http::Router& router, std::string_view method, std::string_view target,
         std::string_view key) {
    request.method = method_of(method);
    request.method_text = method;
    request.target = target;
    const size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
    if (!key.empty()) {
      authorization = "Bearer " + std::string(key);
      request.headers.push_back({"Authorization", authorization});
    }
    match = router.match(request.method, request.path);
    for (size_t i = 0; i < match.param_count; ++i) params.push_back(match.params[i].value);
  }
};

Reply ApiTest::ask_as(std::string_view key, std::string_view method, std::string_view target,
                      std::string_view body) {
  Routed routed(*router_, method, target, key);
  if (routed.match.outcome == http::RouteMatch::Outcome::not_found) {
    return reply_of(api->refuse(404, "nothing here"));
  }
  if (routed.match.outcome == http::RouteMatch::Outcome::method_not_allowed) {
    return reply_of(api->refuse(405, "not this way"));
  }
  for (const auto& header : more_headers) routed.request.headers.push_back(header);
  routed.request.peer = peer;
  const int tag = static_cast<int>(routed.match.route);
  if (const auto early = api->early(tag, routed.request)) return reply_of(*early);
  if (!body.empty()) routed.request.headers.push_back({"Content-Type", "application/json"});
  routed.request.body = std::string(body);
  return reply_of(api->handle(tag, routed.request, routed.params));
}

std::optional<Reply> ApiTest::send(std::string_view method, std::string_view target,
                                   const std::vector<std::string>& pieces,
                                   std::vector<http::HeaderView> headers, bool finish) {
  return send_as(admin_key, method, target, pieces, std::move(headers), finish);
}

std::optional<Reply> ApiTest::send_as(std::string_view key, std::string_view method,
                                      std::string_view target,
                                      const std::vector<std::string>& pieces,
                                      std::vector<http::HeaderView> headers, bool finish) {
  Routed routed(*router_, method, target, key);
  EXPECT_EQ(routed.match.outcome, http::RouteMatch::Outcome::found);
  for (const auto& header : headers) routed.request.headers.push_back(header);
  auto sink = api->open_sink(static_cast<int>(routed.match.route), routed.request, routed.params);
  if (!sink) return reply_of(sink.error());
  for (const auto& piece : pieces) {
    if (!(*sink)->write(piece)) return reply_of((*sink)->finish());
  }
  if (!finish) return std::nullopt;
  return reply_of((*sink)->finish());
}

std::string ApiTest::key_of_role(std::string_view role, std::string_view tenant,
                                 std::string_view scope) {
  std::string attributes = "\"role\":\"" + std::string(role) + "\"";
  if (!scope.empty()) attributes += ",\"scope\":\"" + std::string(scope) + "\"";
  const std::string name = std::string(role) + " of " + std::string(tenant);
  const auto made = ask("POST", "/api/v1/credentials",
                        "{\"kind\":\"api_key\",\"tenant\":\"" + std::string(tenant) +
                            "\",\"name\":\"" + name + "\",\"attributes\":{" + attributes + "}}");
  EXPECT_EQ(made.outcome(), "201");
  return made.at("secret");
}

}  // namespace otaru::api
