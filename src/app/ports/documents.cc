// SPDX-License-Identifier: Apache-2.0
#include "app/ports/documents.h"

#include "app/ports/fields.h"
#include "base/json.h"

namespace otaru::app {
namespace {

// --- The members of each ------------------------------------------------------------------------

template <class V>
void members(V& v, RowOf<domain::Audience> auto& row) {
  v("groups", row.groups);
  v("filter", row.filter);
  v("hardware", row.hardware);
  v("share_ppm", row.share_ppm);
  v("excluded_groups", row.excluded_groups);
  v("excluded_filter", row.excluded_filter);
}

template <class V>
void members(V& v, RowOf<domain::Gate> auto& row) {
  v("sample_min", row.sample_min);
  v("success_ppm_min", row.success_ppm_min);
  v("failure_ppm_max", row.failure_ppm_max);
  v("soak_ms", row.soak_ms);
  v("approval", row.approval);
}

template <class V>
void members(V& v, RowOf<domain::Wave> auto& row) {
  v("name", row.name);
  v("share_ppm", row.share_ppm);
  v("groups", row.groups);
  v("filter", row.filter);
  v("test", row.test);
  v("gate", row.gate);
}

template <class V>
void members(V& v, RowOf<domain::Rate> auto& row) {
  v("per_minute", row.per_minute);
  v("growth_percent", row.growth_percent);
  v("growth_every_ms", row.growth_every_ms);
  v("growth_every_successes", row.growth_every_successes);
  v("per_minute_max", row.per_minute_max);
  v("concurrent_max", row.concurrent_max);
  v("bytes_per_second", row.bytes_per_second);
}

template <class V>
void members(V& v, RowOf<domain::Window> auto& row) {
  v("days", row.days);
  v("from_minute", row.from_minute);
  v("to_minute", row.to_minute);
}

template <class V>
void members(V& v, RowOf<domain::Windows> auto& row) {
  v("list", row.list);
  v("time_zone", row.time_zone);
}

template <class V>
void members(V& v, RowOf<domain::Conditions> auto& row) {
  v("free_bytes_min", row.free_bytes_min);
  v("fits_package", row.fits_package);
  v("networks", row.networks);
  v("strict", row.strict);
}

template <class V>
void members(V& v, RowOf<domain::Timeouts> auto& row) {
  v("pending_ms", row.pending_ms);
  v("downloading_ms", row.downloading_ms);
  v("upgrading_ms", row.upgrading_ms);
}

template <class V>
void members(V& v, RowOf<domain::Watch> auto& row) {
  v("silence_ms", row.silence_ms);
  v("health_ms", row.health_ms);
}

template <class V>
void members(V& v, RowOf<domain::Brake> auto& row) {
  v("kind", row.kind);
  v("classes", row.classes);
  v("count_min", row.count_min);
  v("share_ppm", row.share_ppm);
  v("sample_min", row.sample_min);
  v("action", row.action);
  v("back_to_release", row.back_to_release);
  v("back_to_kit", row.back_to_kit);
}

template <class V>
void members(V& v, RowOf<domain::BrakeCounts::OfClass> auto& row) {
  v("failure", row.failure);
  v("n", row.n);
}

template <class V>
void members(V& v, RowOf<domain::BrakeCounts> auto& row) {
  v("succeeded", row.succeeded);
  v("silent", row.silent);
  v("unhealthy", row.unhealthy);
  v("failures", row.failures);
}

template <class V>
void members(V& v, RowOf<domain::Rollout> auto& row) {
  v("started_at", row.started_at);
  v("open_waves", row.open_waves);
  v("wave_opened_at", row.wave_opened_at);
  v("gate_met_at", row.gate_met_at);
  v("next_approved", row.next_approved);
  v("stopped_by", row.stopped_by);
  v("healed_by", row.healed_by);
  v("forgiven", row.forgiven);
}

template <class V>
void members(V& v, RowOf<domain::Requirement> auto& row) {
  v("product", row.product);
  v("version_min", row.version_min);
}

template <class V>
void members(V& v, RowOf<domain::ConsentNote> auto& row) {
  v("step", row.step);
  v("choice", row.choice);
  v("until", row.until);
  v("task", row.task);
  v("by", row.by);
  v("at", row.at);
}

template <class V>
void members(V& v, RowOf<domain::Consent> auto& row) {
  v("choice", row.choice);
  v("postponed_until", row.postponed_until);
  v("by", row.by);
  v("at", row.at);
  v("history", row.history);
}

// --- Writing ------------------------------------------------------------------------------------

class DocumentWriter {
 public:
  template <class T>
  void operator()(std::string_view name, const T& member) {
    if (member == T{}) return;
    out_.key(name);
    value(member);
  }
  void operator()(std::string_view name, int64_t member) { out_.member(name, member); }
  template <class T>
  void value(const std::vector<T>& list) {
    out_.begin_array();
    for (const T& entry : list) value(entry);
    out_.end_array();
  }
  template <class T>
  void value(const std::optional<T>& member) {
    value(*member);
  }
  void value(const std::string& text) { out_.value(text); }
  void value(int64_t number) { out_.value(number); }
  void value(bool flag) { out_.value(flag); }
  void value(base::Time time) { out_.value(time.ms); }
  template <class Tag>
  void value(base::Id<Tag> id) {
    out_.value(id.value);
  }
  template <class T>
  requires std::is_enum_v<T>
  void value(T word) { out_.value(word_of(word)); }
  template <class T>
  requires std::is_class_v<T>
  void value(const T& row) {
    out_.begin_object();
    members(*this, row);
    out_.end_object();
  }
  std::string take() { return out_.take(); }

 private:
  base::JsonWriter out_;
};

// --- Reading ------------------------------------------------------------------------------------

class DocumentReader {
 public:
  explicit DocumentReader(base::JsonView from) : from_(from) {}
  template <class T>
  void operator()(std::string_view name, T& member) {
    const base::JsonView found = from_.find(name);
    if (found.exists()) value(found, member);
  }
  template <class T>
  void value(base::JsonView from, std::vector<T>& list) {
    expect(from.is_array());
    for (size_t i = 0; i < from.size(); ++i) value(from.at(i), list.emplace_back());
  }
  template <class T>
  void value(base::JsonView from, std::optional<T>& member) {
    value(from, member.emplace());
  }
  void value(base::JsonView from, std::string& member) {
    const auto text = from.text();
    expect(text.has_value());
    member = text.value_or("");
  }
  void value(base::JsonView from, int64_t& member) {
    const auto number = from.integer();
    expect(number.has_value());
    member = number.value_or(0);
  }
  void value(base::JsonView from, bool& member) {
    const auto flag = from.boolean();
    expect(flag.has_value());
    member = flag.value_or(false);
  }
  void value(base::JsonView from, base::Time& member) { value(from, member.ms); }
  template <class Tag>
  void value(base::JsonView from, base::Id<Tag>& member) {
    value(from, member.value);
  }
  template <class T>
  requires std::is_enum_v<T>
  void value(base::JsonView from, T& member) {
    const auto word = parse_word<T>(from.text().value_or(""));
    expect(word.has_value());
    if (word) member = *word;
  }
  template <class T>
  requires std::is_class_v<T>
  void value(base::JsonView from, T& row) {
    expect(from.is_object());
    DocumentReader inner(from);
    members(inner, row);
    expect(inner.good_);
  }
  bool good() const { return good_; }

 private:
  void expect(bool right) { good_ = good_ && right; }
  base::JsonView from_;
  bool good_ = true;
};

}  // namespace

template <class T>
requires is_document<T>
std::string document_text(const T& value) {
  if (value == T{}) return {};
  DocumentWriter writer;
  writer.value(value);
  return writer.take();
}

template <class T>
requires is_document<T>
bool read_document(std::string_view text, T& value) {
  value = T{};
  if (text.empty()) return true;
  const auto document = base::JsonDocument::parse(text);
  if (!document) return false;
  DocumentReader reader(document->root());
  reader.value(document->root(), value);
  return reader.good();
}

template std::string document_text(const domain::Audience&);
template std::string document_text(const std::vector<domain::Wave>&);
template std::string document_text(const domain::Rate&);
template std::string document_text(const domain::Windows&);
template std::string document_text(const domain::Conditions&);
template std::string document_text(const domain::Timeouts&);
template std::string document_text(const domain::Watch&);
template std::string document_text(const std::vector<domain::Brake>&);
template std::string document_text(const domain::Rollout&);
template std::string document_text(const std::vector<domain::Requirement>&);
template std::string document_text(const domain::Consent&);
template bool read_document(std::string_view, domain::Audience&);
template bool read_document(std::string_view, std::vector<domain::Wave>&);
template bool read_document(std::string_view, domain::Rate&);
template bool read_document(std::string_view, domain::Windows&);
template bool read_document(std::string_view, domain::Conditions&);
template bool read_document(std::string_view, domain::Timeouts&);
template bool read_document(std::string_view, domain::Watch&);
template bool read_document(std::string_view, std::vector<domain::Brake>&);
template bool read_document(std::string_view, domain::Rollout&);
template bool read_document(std::string_view, std::vector<domain::Requirement>&);
template bool read_document(std::string_view, domain::Consent&);

}  // namespace otaru::app
