// SPDX-License-Identifier: Apache-2.0
#include "api/event_stream.h"

#include <atomic>
#include <utility>

#include "base/json.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

namespace limits = base::limits;
using EventPage = std::vector<app::EventPtr>;

// What the stream shares with its reading job, which may outlive it.
struct Reading {
  std::mutex mutex;
  // Guarded by mutex.
  EventPage page;
  bool running = false;
  bool failed = false;
  std::function<void()> wake;

  void wake_up() {
    std::function<void()> call;
    {
      const std::lock_guard lock(mutex);
      call = wake;
    }
    if (call) call();
  }
};

class EventStream final : public http::BodySource {
 public:
  explicit EventStream(EventStreamSpec spec)
      : spec_(std::move(spec)), log_(spec_.engine->events()), cursor_(spec_.after) {}
  ~EventStream() override {
    if (listener_ != 0) log_.unsubscribe(listener_);
    const std::lock_guard lock(reading_->mutex);
    reading_->wake = nullptr;
  }

  void on_ready(std::function<void()> wake) override {
    {
      const std::lock_guard lock(reading_->mutex);
      reading_->wake = wake;
    }
    listener_ = log_.subscribe(std::move(wake));
  }

  More more(std::string& out, size_t room) override {
    const size_t before = out.size();
    if (!begun_) begin(out);
    while (out.size() - before < room) {
      if (draining_) return cut(out, "stopping");
      if (!spec_.allowed()) return cut(out, "forbidden");
      const int64_t newest = log_.span().newest;
      if (live_ && newest - cursor_ > limits::kEventStreamLagMax) return cut(out, "slow");
      auto page = log_.recent(cursor_, limits::kEventStreamTurn);
      if (!page) {
        bool failed = false;
        page = take_read(failed);
        if (failed) return More::error;
        if (!page) break;
      } else if (page->empty()) {
        live_ = true;
        break;
      }
      for (const auto& event : *page) append(out, *event);
    }
    return out.size() == before ? More::later : More::ready;
  }

  // A comment, and where the reader stands: with a rare filter that would be long ago else.
  void idle(std::string& out) override {
    if (cursor_ != told_) {
      out += "id: " + std::to_string(cursor_) + "\n";
      told_ = cursor_;
    }
    out += ": idle\n\n";
  }

  void drain() override { draining_ = true; }

 private:
  void begin(std::string& out) {
    begun_ = true;
    told_ = cursor_;
    out += "retry: " + std::to_string(limits::kEventStreamRetryMs) + "\n\n";
    const int64_t newest = log_.span().newest;
    if (cursor_ > newest) {
      gap(out, newest + 1);  // from another life of this server: a backup was restored
      cursor_ = newest;
    }
  }

  void gap(std::string& out, int64_t next) {
    base::JsonWriter data;
    data.begin_object();
    data.member("after", std::to_string(cursor_));
    data.member("next", std::to_string(next));
    data.end_object();
    out += "event: gap\ndata: " + data.take() + "\n\n";
  }

  More cut(std::string& out, std::string_view reason) {
    out += "event: cut\ndata: {\"reason\":\"" + std::string(reason) + "\"}\n\n";
    return More::end;
  }

  void append(std::string& out, const app::Event& event) {
    if (event.id <= cursor_) return;
    if (event.id != cursor_ + 1) gap(out, event.id);
    cursor_ = event.id;
    if (!spec_.filter.matches(event)) return;
    const auto snapshot = spec_.engine->snapshot();
    base::JsonWriter data;
    app::write_event(data, event, *snapshot);
    told_ = event.id;
    out += "id: " + std::to_string(event.id) + "\nevent: " + event.type + "\ndata: ";
    out += data.take() + "\n\n";
  }

  // What the reading job has brought; nothing while it runs, and it is started if it does not.
  std::optional<EventPage> take_read(bool& failed) {
    {
      const std::lock_guard lock(reading_->mutex);
      failed = reading_->failed;
      if (failed || reading_->running) return std::nullopt;
      if (!reading_->page.empty() && reading_->page.back()->id > cursor_) {
        return std::exchange(reading_->page, {});
      }
      reading_->running = true;
    }
    spec_.post([reading = reading_, &log = log_, after = cursor_] {
      auto page = log.read(after, limits::kEventPageMax);
      {
        const std::lock_guard lock(reading->mutex);
        reading->running = false;
        // Nothing behind a cursor that is not at the end: the store has lost them.
        reading->failed = !page || page->empty();
        if (page) reading->page = std::move(*page);
      }
      reading->wake_up();
    });
    return std::nullopt;
  }

  EventStreamSpec spec_;
  app::EventLog& log_;
  int64_t cursor_;    // the last event looked at
  int64_t told_ = 0;  // the last id that the client knows
  bool begun_ = false;
  bool live_ = false;  // has been at the end once
  bool draining_ = false;
  uint64_t listener_ = 0;
  std::shared_ptr<Reading> reading_ = std::make_shared<Reading>();
};

}  // namespace

bool EventFilter::matches(const app::Event& event) const {
  return (!tenant || event.tenant == *tenant) && (!device || event.device == *device) &&
         (!deployment || event.deployment == *deployment) &&
         app::event_type_matches(types, event.type);
}

base::Result<std::shared_ptr<void>> StreamSlots::take(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  if (all_ >= limits::kEventStreamsMax || of_owner_[owner] >= limits::kEventStreamsPerKeyMax) {
    return base::fail(base::Code::exhausted, "there are too many streams already");
  }
  ++all_;
  ++of_owner_[owner];
  return std::shared_ptr<void>(
      this, [self = shared_from_this(), owner](void*) { self->give_back(owner); });
}

void StreamSlots::give_back(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  --all_;
  const auto at = of_owner_.find(owner);
  if (at != of_owner_.end() && --at->second == 0) of_owner_.erase(at);
}

std::shared_ptr<http::BodySource> make_event_stream(EventStreamSpec spec) {
  return std::make_shared<EventStream>(std::move(spec));
}

}  // namespace otaru::api
