// SPDX-License-Identifier: Apache-2.0
#include "store/dump.h"

namespace otaru::store {

void DumpLine::operator()(const char* name, std::string_view value) {
  text_ += ' ';
  text_ += name;
  text_ += "=\"";
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
      text_ += '\\';
      text_ += base::hex(std::string_view(&c, 1));
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

void DumpLine::operator()(const char* name, int64_t value) {
  text_ += ' ';
  text_ += name;
  text_ += '=';
  text_ += std::to_string(value);
}

void DumpLine::operator()(const char* name, const std::optional<base::Time>& value) {
  if (value) (*this)(name, *value);
}

void DumpLine::operator()(const char* name, const domain::TextMap& value) {
  for (const auto& [key, text] : value) {
    (*this)(name, key);
    (*this)("to", text);
  }
}

void DumpLine::operator()(const char* name, const std::vector<std::string>& value) {
  for (const auto& text : value) (*this)(name, text);
}

void DumpLine::operator()(const char* name, const std::vector<int64_t>& value) {
  for (const auto entry : value) (*this)(name, entry);
}

void DumpLine::operator()(const char* name, const domain::KeySet& value) {
  auto reader = value.read();
  while (reader.next()) (*this)(name, reader.key());
}

std::string dump_component(domain::DeviceId device, const domain::Component& row) {
  DumpLine line("component");
  line("device", device);
  fields(line, row);
  return line.take();
}

std::string dump_log(int64_t n, const app::DeviceLogRow& row) {
  DumpLine line("device_log");
  line("n", n);
  fields(line, row);
  return line.take();
}

std::string dump_floor(std::string_view kind, int64_t bucket, int64_t id) {
  DumpLine line("id_floor");
  line("kind", kind);
  line("b", bucket);
  line("id", id);
  return line.take();
}

std::string dump_reason(domain::DeploymentId deployment, const domain::FailureReason& reason) {
  DumpLine line("failure_count");
  line("deployment", deployment);
  fields(line, reason);
  return line.take();
}

void dump_catalogue(const domain::CatalogueRows& rows, std::vector<std::string>& lines) {
  for (const auto& row : rows.tenants) lines.push_back(dump_line("tenant", row));
  for (const auto& row : rows.products) lines.push_back(dump_line("product", row));
  for (const auto& row : rows.releases) lines.push_back(dump_line("release", row));
  for (const auto& row : rows.packages) lines.push_back(dump_line("package", row));
  for (const auto& row : rows.kits) {
    lines.push_back(dump_line("kit", row));
    int64_t position = 0;
    for (const auto& item : row.items) {
      DumpLine line("kit_item");
      line("kit", row.id);
      line("position", position++);
      fields(line, item);
      lines.push_back(line.take());
    }
  }
  for (const auto& row : rows.deployments) {
    DumpLine line("deployment");
    fields(line, row);
    line("device_key", row.device_keys);
    line("excluded_key", row.excluded_keys);
    lines.push_back(line.take());
    int64_t position = 0;
    for (const auto& approval : row.approvals) {
      DumpLine step("deployment_approval");
      step("deployment", row.id);
      step("position", position++);
      fields(step, approval);
      lines.push_back(step.take());
    }
  }
  for (const auto& row : rows.credentials) lines.push_back(dump_line("credential", row));
  for (const auto& row : rows.groups) lines.push_back(dump_line("device_group", row));
  for (const auto& row : rows.users) lines.push_back(dump_line("person", row));
  for (const auto& [key, value] : rows.settings) {
    DumpLine line("setting");
    line("key", std::string_view(key));
    line("value", std::string_view(value));
    lines.push_back(line.take());
  }
}

}  // namespace otaru::store
