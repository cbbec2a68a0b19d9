// SPDX-License-Identifier: Apache-2.0
#include "api/deployment_plan.h"

namespace otaru::api {
namespace {

using domain::Deployment;

// --- Writing ------------------------------------------------------------------------------------

// In decimals, never as a power of ten: people read it.
void percent_member(base::JsonWriter& out, std::string_view name, int64_t ppm) {
  constexpr int64_t kOfOne = domain::kWholeShare / 100;
  std::string text = std::to_string(ppm / kOfOne);
  if (const int64_t rest = ppm % kOfOne; rest != 0) {
    std::string digits = std::to_string(kOfOne + rest).substr(1);
    while (digits.back() == '0') digits.pop_back();
    text += "." + digits;
  }
  out.key(name);
  out.raw(text);
}

void seconds_member(base::JsonWriter& out, std::string_view name, int64_t ms) {
  out.member(name, ms / base::kSecondMs);
}

// By name; by id those that are gone.
void groups_member(base::JsonWriter& out, const Call& call, std::string_view name,
                   const std::vector<domain::GroupId>& groups) {
  out.key(name);
  out.begin_array();
  for (const auto id : groups) {
    const auto* found = call.snapshot->group(id);
    if (found == nullptr) {
      out.value(id.value);
    } else {
      out.value(found->group->name);
    }
  }
  out.end_array();
}

void write_target(base::JsonWriter& out, const domain::DeploymentTarget& target) {
  out.key("target");
  out.begin_object();
  id_or_null_member(out, "release", target.release.value);
  id_or_null_member(out, "kit", target.kit.value);
  if (target.newest_in_channel.empty()) {
    out.null_member("newest_in_channel");
  } else {
    out.member("newest_in_channel", target.newest_in_channel);
  }
  id_or_null_member(out, "product", target.product.value);
  out.end_object();
}

void write_audience(base::JsonWriter& out, const Call& call, const domain::Audience& row) {
  out.key("audience");
  out.begin_object();
  groups_member(out, call, "groups", row.groups);
  out.member("filter", row.filter);
  texts_member(out, "hardware", row.hardware);
  percent_member(out, "share_percent", row.share_ppm);
  groups_member(out, call, "excluded_groups", row.excluded_groups);
  out.member("excluded_filter", row.excluded_filter);
  out.end_object();
}

void write_waves(base::JsonWriter& out, const Call& call, const Deployment& row) {
  out.key("waves");
  out.begin_array();
  for (const auto& wave : row.waves) {
    out.begin_object();
    out.member("name", wave.name);
    percent_member(out, "share_percent", wave.share_ppm);
    groups_member(out, call, "groups", wave.groups);
    out.member("filter", wave.filter);
    out.member("test", wave.test);
    out.key("gate");
    out.begin_object();
    out.member("sample_min", wave.gate.sample_min);
    percent_member(out, "success_percent", wave.gate.success_ppm_min);
    percent_member(out, "failure_percent", wave.gate.failure_ppm_max);
    seconds_member(out, "soak_s", wave.gate.soak_ms);
    out.member("approval", wave.gate.approval);
    out.end_object();
    out.end_object();
  }
  out.end_array();
}

void write_rate(base::JsonWriter& out, const domain::Rate& rate) {
  out.key("rate");
  out.begin_object();
  out.member("per_minute", rate.per_minute);
  out.member("growth_percent", rate.growth_percent);
  seconds_member(out, "growth_every_s", rate.growth_every_ms);
  out.member("growth_every_successes", rate.growth_every_successes);
  out.member("per_minute_max", rate.per_minute_max);
  out.member("concurrent_max", rate.concurrent_max);
  out.member("bytes_per_second", rate.bytes_per_second);
  out.end_object();
}

void write_when(base::JsonWriter& out, const Deployment& row) {
  out.key("windows");
  out.begin_object();
  out.key("list");
  out.begin_array();
  for (const auto& window : row.windows.list) out.value(domain::text_of(window));
  out.end_array();
  out.member("time_zone", row.windows.time_zone);
  out.end_object();
  out.key("conditions");
  out.begin_object();
  out.member("free_bytes_min", row.conditions.free_bytes_min);
  out.member("fits_package", row.conditions.fits_package);
  texts_member(out, "networks", row.conditions.networks);
  out.member("strict", row.conditions.strict);
  out.end_object();
}

void write_after(base::JsonWriter& out, const Deployment& row) {
  out.key("timeouts");
  out.begin_object();
  seconds_member(out, "pending_s", row.timeouts.pending_ms);
  seconds_member(out, "downloading_s", row.timeouts.downloading_ms);
  seconds_member(out, "upgrading_s", row.timeouts.upgrading_ms);
  out.end_object();
  out.key("watch");
  out.begin_object();
  seconds_member(out, "silence_s", row.watch.silence_ms);
  seconds_member(out, "health_s", row.watch.health_ms);
  out.end_object();
  out.key("brakes");
  out.begin_array();
  for (const auto& brake : row.brakes) {
    out.begin_object();
    out.member("kind", domain::name_of(brake.kind));
    out.key("classes");
    out.begin_array();
    for (const auto of : brake.classes) out.value(domain::name_of(of));
    out.end_array();
    out.member("count_min", brake.count_min);
    percent_member(out, "share_percent", brake.share_ppm);
    out.member("sample_min", brake.sample_min);
    out.member("action", domain::name_of(brake.action));
    id_or_null_member(out, "back_to_release", brake.back_to_release.value);
    id_or_null_member(out, "back_to_kit", brake.back_to_kit.value);
    out.end_object();
  }
  out.end_array();
}

// --- Reading ------------------------------------------------------------------------------------

std::optional<app::GroupRefs> read_groups(Fields& fields, std::string_view name) {
  auto given = fields.refs(name);
  if (!given) return std::nullopt;
  app::GroupRefs out;
  for (auto& ref : *given) out.push_back({domain::GroupId{ref.id}, std::move(ref.name)});
  return out;
}

std::optional<domain::DeploymentTarget> read_target(Fields& in) {
  auto fields = in.object("target");
  if (!fields) return std::nullopt;
  domain::DeploymentTarget target;
  target.release = domain::ReleaseId{fields->id_or_null("release")};
  target.kit = domain::KitId{fields->id_or_null("kit")};
  target.newest_in_channel = fields->text_or_null("newest_in_channel").value_or("");
  target.product = domain::ProductId{fields->id_or_null("product")};
  in.include(*fields);
  return target;
}

void read_audience(Fields& in, app::AudienceChange& with) {
  auto fields = in.object("audience");
  if (!fields) return;
  with.groups = read_groups(*fields, "groups");
  with.filter = fields->text("filter");
  with.hardware = fields->texts("hardware");
  with.share_ppm = fields->percent("share_percent");
  with.excluded_groups = read_groups(*fields, "excluded_groups");
  with.excluded_filter = fields->text("excluded_filter");
  in.include(*fields);
}

void read_gate(Fields& in, domain::Gate& gate) {
  auto fields = in.object("gate");
  if (!fields) return;
  gate.sample_min = fields->integer("sample_min").value_or(gate.sample_min);
  gate.success_ppm_min = fields->percent("success_percent").value_or(gate.success_ppm_min);
  gate.failure_ppm_max = fields->percent("failure_percent").value_or(gate.failure_ppm_max);
  gate.soak_ms = fields->seconds("soak_s").value_or(gate.soak_ms);
  gate.approval = fields->flag("approval").value_or(gate.approval);
  in.include(*fields);
}

std::optional<std::vector<app::WaveSpec>> read_waves(Fields& in) {
  auto rows = in.objects("waves");
  if (!rows) return std::nullopt;
  std::vector<app::WaveSpec> out;
  for (auto& fields : *rows) {
    app::WaveSpec& spec = out.emplace_back();
    spec.wave.name = fields.required_text("name");
    spec.wave.share_ppm = fields.percent("share_percent").value_or(0);
    spec.groups = read_groups(fields, "groups").value_or(app::GroupRefs());
    spec.wave.filter = fields.text("filter").value_or("");
    spec.wave.test = fields.flag("test").value_or(false);
    read_gate(fields, spec.wave.gate);
    in.include(fields);
  }
  return out;
}

void read_rate(Fields& in, app::RateChange& with) {
  auto fields = in.object("rate");
  if (!fields) return;
  with.per_minute = fields->integer("per_minute");
  with.growth_percent = fields->integer("growth_percent");
  with.growth_every_ms = fields->seconds("growth_every_s");
  with.growth_every_successes = fields->integer("growth_every_successes");
  with.per_minute_max = fields->integer("per_minute_max");
  with.concurrent_max = fields->integer("concurrent_max");
  with.bytes_per_second = fields->integer("bytes_per_second");
  in.include(*fields);
}

void read_windows(Fields& in, app::WindowsChange& with) {
  auto fields = in.object("windows");
  if (!fields) return;
  if (const auto texts = fields->texts("list")) {
    with.list.emplace();
    for (size_t i = 0; i < texts->size(); ++i) {
      auto window = domain::parse_window((*texts)[i]);
      if (window) {
        with.list->push_back(*window);
      } else {
        fields->refuse("list[" + std::to_string(i) + "]", "window", window.error().message);
      }
    }
  }
  with.time_zone = fields->text("time_zone");
  in.include(*fields);
}

void read_conditions(Fields& in, app::ConditionsChange& with) {
  auto fields = in.object("conditions");
  if (!fields) return;
  with.free_bytes_min = fields->integer("free_bytes_min");
  with.fits_package = fields->flag("fits_package");
  with.networks = fields->texts("networks");
  with.strict = fields->flag("strict");
  in.include(*fields);
}

void read_after(Fields& in, app::DeploymentChange& with) {
  if (auto fields = in.object("timeouts")) {
    with.timeouts.pending_ms = fields->seconds("pending_s");
    with.timeouts.downloading_ms = fields->seconds("downloading_s");
    with.timeouts.upgrading_ms = fields->seconds("upgrading_s");
    in.include(*fields);
  }
  if (auto fields = in.object("watch")) {
    with.watch.silence_ms = fields->seconds("silence_s");
    with.watch.health_ms = fields->seconds("health_s");
    in.include(*fields);
  }
}

std::optional<std::vector<domain::Brake>> read_brakes(Fields& in) {
  auto rows = in.objects("brakes");
  if (!rows) return std::nullopt;
  std::vector<domain::Brake> out;
  for (auto& fields : *rows) {
    domain::Brake& brake = out.emplace_back();
    brake.kind = fields.word("kind", domain::parse_brake_kind).value_or(brake.kind);
    for (const auto& word : fields.texts("classes").value_or(std::vector<std::string>())) {
      const auto of = domain::parse_failure_class(word);
      if (of) {
        brake.classes.push_back(*of);
      } else {
        fields.refuse("classes", "enum", of.error().message);
      }
    }
    brake.count_min = fields.integer("count_min").value_or(0);
    brake.share_ppm = fields.percent("share_percent").value_or(0);
    brake.sample_min = fields.integer("sample_min").value_or(0);
    brake.action = fields.word("action", domain::parse_brake_action).value_or(brake.action);
    brake.back_to_release = domain::ReleaseId{fields.id_or_null("back_to_release")};
    brake.back_to_kit = domain::KitId{fields.id_or_null("back_to_kit")};
    in.include(fields);
  }
  return out;
}

}  // namespace

void write_plan(base::JsonWriter& out, const Call& call, const Deployment& row) {
  out.member("priority", row.priority);
  write_target(out, row.target);
  out.member("everyone", row.everyone);
  texts_member(out, "from_versions", row.from_versions);
  write_audience(out, call, row.audience);
  write_waves(out, call, row);
  write_rate(out, row.rate);
  write_when(out, row);
  out.member("consent", domain::name_of(row.consent));
  out.member("urgency", domain::name_of(row.urgency));
  out.member("package_mode", domain::name_of(row.mode));
  out.member("signal_min", row.signal_min);
  out.member("power_min_percent", row.power_min_percent);
  out.member("retry_count", row.retry_count);
  out.member("retry_interval_s", row.retry_interval_s);
  out.member("attempts_max", row.attempts_max);
  write_after(out, row);
  out.member("downgrade_reason", row.downgrade_reason);
  time_or_null_member(out, "starts_at", row.starts_at);
  time_or_null_member(out, "deadline", row.deadline);
}

app::DeploymentChange read_plan(Fields& fields) {
  app::DeploymentChange with;
  with.name = fields.text("name");
  with.target = read_target(fields);
  with.priority = fields.integer("priority");
  with.everyone = fields.flag("everyone");
  with.devices = fields.texts("devices");
  with.excluded_devices = fields.texts("excluded_devices");
  with.from_versions = fields.texts("from_versions");
  read_audience(fields, with.audience);
  with.waves = read_waves(fields);
  read_rate(fields, with.rate);
  read_windows(fields, with.windows);
  read_conditions(fields, with.conditions);
  with.consent = fields.word("consent", domain::parse_consent_mode);
  with.urgency = fields.word("urgency", domain::parse_urgency);
  with.package_mode = fields.word("package_mode", domain::parse_package_mode);
  with.signal_min = fields.integer("signal_min");
  with.power_min_percent = fields.integer("power_min_percent");
  with.retry_count = fields.integer("retry_count");
  with.retry_interval_s = fields.integer("retry_interval_s");
  with.attempts_max = fields.integer("attempts_max");
  read_after(fields, with);
  with.brakes = read_brakes(fields);
  with.downgrade_reason = fields.text("downgrade_reason");
  with.starts_at = fields.time_or_null("starts_at");
  with.deadline = fields.time_or_null("deadline");
  return with;
}

void write_requirements(base::JsonWriter& out,
                        const std::vector<domain::Requirement>& requirements) {
  out.key("requirements");
  out.begin_array();
  for (const auto& one : requirements) {
    out.begin_object();
    out.member("product", one.product.value);
    out.member("version_min", one.version_min);
    out.end_object();
  }
  out.end_array();
}

std::optional<std::vector<domain::Requirement>> read_requirements(Fields& in) {
  auto rows = in.objects("requirements");
  if (!rows) return std::nullopt;
  std::vector<domain::Requirement> out;
  for (auto& fields : *rows) {
    domain::Requirement& one = out.emplace_back();
    one.product = domain::ProductId{fields.required_integer("product")};
    one.version_min = fields.required_text("version_min");
    in.include(fields);
  }
  return out;
}

}  // namespace otaru::api
