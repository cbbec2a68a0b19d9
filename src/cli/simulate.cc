// SPDX-License-Identifier: Apache-2.0
// `otaru device simulate`: simulated devices over real connections.
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/encoding.h"
#include "base/random.h"
#include "base/time.h"
#include "cli/process.h"
#include "cli/special.h"
#include "sim/socket_transport.h"

namespace otaru::cli {
namespace {

// Devices beyond this many take turns on the same threads.
constexpr int64_t kThreadsMax = 64;
// A device that is still busy after so many steps of one poll goes in circles.
constexpr int64_t kStepsPerPollMax = 100'000;

struct Totals {
  std::atomic<int64_t> exchanges{0};
  std::atomic<int64_t> unanswered{0};
  std::atomic<int64_t> bytes{0};
  std::atomic<int64_t> installs{0};
  std::atomic<int64_t> errors{0};
};

std::string safe(const base::JsonWriter& line) {
  const auto document = base::JsonDocument::parse(line.text());
  return document ? json_line(document->root()) : "{}";
}

class Fleet {
 public:
  Fleet(const SimulateArgs& args, sim::Endpoint where, const Hooks& hooks, bool json)
      : args_(args), where_(std::move(where)), hooks_(hooks), json_(json) {}

  base::Status prepare() {
    auto words = std::make_shared<dialect::SimWords>();
    for (const auto& word : args_.words) {
      const size_t equals = word.find('=');
      if (equals == std::string::npos) {
        return base::fail(base::Code::invalid, "--word '" + word + "' is not KEY=VALUE");
      }
      words->emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
    words_ = std::move(words);
    OTARU_TRY(conduct, make_conduct());
    const auto well = plain_conduct();
    for (int64_t i = 0; i < args_.count; ++i) {
      dialect::SimIdentity identity;
      const bool ill = i * 100 < args_.count * args_.fate_percent;
      identity.conduct = ill ? conduct : well;
      identity.condition = {static_cast<int16_t>(args_.signal),
                            static_cast<int16_t>(args_.battery_percent)};
      identity.key = args_.key_prefix + std::to_string(1000 + i);
      identity.host = where_.host + ":" + where_.port;
      identity.shared_words = words_;
      keys_.push_back(identity.key);
      devices_.push_back(hooks_.make_device(args_.dialect, std::move(identity)));
      if (!devices_.back()) {
        return base::fail(base::Code::invalid, "there is no protocol '" + args_.dialect + "'");
      }
    }
    return {};
  }

  int run() {
    const base::Time started = base::SystemClock().now();
    const auto count = static_cast<int64_t>(devices_.size());
    const int64_t threads = std::min(count, kThreadsMax);
    std::vector<std::thread> workers;
    for (int64_t t = 0; t < threads; ++t) {
      workers.emplace_back([this, t, threads, count] {
        for (int64_t i = t; i < count && running(); i += threads) {
          live(static_cast<size_t>(i));
        }
      });
    }
    for (auto& worker : workers) worker.join();
    return summary(static_cast<double>(base::SystemClock().now() - started) / 1000.0);
  }

 private:
  std::shared_ptr<dialect::SimConduct> plain_conduct() const {
    auto conduct = std::make_shared<dialect::SimConduct>();
    conduct->obeys_waits = !args_.ignores_waits;
    return conduct;
  }

  base::Result<std::shared_ptr<dialect::SimConduct>> make_conduct() const {
    OTARU_TRY(fate, dialect::parse_sim_fate(args_.fate));
    OTARU_TRY(failure, domain::parse_failure_class(args_.failure));
    auto conduct = plain_conduct();
    const dialect::SimOutcome outcome{fate, failure};
    conduct->install = [outcome, only = args_.fate_version](
                           std::string_view, std::string_view version, base::Random&) {
      return only.empty() || only == version ? outcome : dialect::SimOutcome{};
    };
    return conduct;
  }

  void live(size_t index) {
    sim::SocketTransport network(where_);
    base::SeededRandom random(index + 1);
    const dialect::Transport transport = [&](const std::string& bytes) {
      ++totals_.exchanges;
      auto answer = network.exchange(bytes);
      if (!answer) ++totals_.unanswered;
      return answer;
    };
    for (int64_t poll = 0; poll < args_.polls && running(); ++poll) {
      for (int64_t step = 0; step < kStepsPerPollMax && running(); ++step) {
        std::vector<dialect::SimEvent> events;
        const bool busy =
            devices_[index]->step(transport, base::SystemClock().now(), random, events);
        for (const auto& event : events) note(index, event);
        if (!busy) break;
      }
      const base::Time until = devices_[index]->not_before();
      if (args_.ignores_waits || until <= base::SystemClock().now()) continue;
      note(index, {"wait", "until " + base::iso8601(until)});
      break;
    }
    totals_.bytes += network.bytes_received();
  }

  static bool running() { return !interrupted() && !output_broken(); }

  void note(size_t index, const dialect::SimEvent& event) {
    if (event.step == "install") ++totals_.installs;
    if (event.step == "error") ++totals_.errors;
    if (args_.quiet) return;
    const std::lock_guard lock(print_mutex_);
    if (json_) {
      base::JsonWriter line;
      line.begin_object();
      line.member("device", keys_[index]);
      line.member("step", event.step);
      line.member("detail", event.detail);
      line.end_object();
      emit(safe(line) + "\n");
    } else {
      std::printf("%-12s %-9s %s\n", keys_[index].c_str(), event.step.c_str(),
                  printable(event.detail).c_str());
    }
  }

  int summary(double seconds) const {
    const int64_t exchanges = totals_.exchanges;
    const auto rate =
        static_cast<int64_t>(static_cast<double>(exchanges) / std::max(seconds, 1e-3));
    if (json_) {
      base::JsonWriter line;
      line.begin_object();
      line.member("devices", static_cast<int64_t>(devices_.size()));
      line.member("installs", totals_.installs.load());
      line.member("errors", totals_.errors.load());
      line.member("exchanges", exchanges);
      line.member("exchanges_per_second", rate);
      line.member("bytes_received", totals_.bytes.load());
      line.member("seconds", seconds);
      line.end_object();
      emit(safe(line) + "\n");
    } else {
      std::printf("%zu devices: %lld updated, %lld errors, %lld requests in %.1f s (%lld/s), %s\n",
                  devices_.size(), static_cast<long long>(totals_.installs.load()),
                  static_cast<long long>(totals_.errors.load()), static_cast<long long>(exchanges),
                  seconds, static_cast<long long>(rate), human_bytes(totals_.bytes).c_str());
    }
    if (interrupted()) return interrupt_exit_code();
    if (exchanges > 0 && totals_.unanswered == exchanges) {
      return print_error({base::Code::unavailable,
                          "nobody answers at " + where_.host + ":" + where_.port +
                              "; is it running? another one: --server URL or OTARU_SERVER",
                          {}});
    }
    return totals_.errors == 0 ? kExitOk : kExitRefused;
  }

  const SimulateArgs& args_;
  sim::Endpoint where_;
  const Hooks& hooks_;
  bool json_;
  std::shared_ptr<const dialect::SimWords> words_;
  std::vector<std::string> keys_;
  std::vector<std::unique_ptr<dialect::SimDevice>> devices_;
  Totals totals_;
  std::mutex print_mutex_;
};

}  // namespace

int simulate(const SimulateArgs& args, const std::string& server, const Hooks& hooks,
             Session& session) {
  const auto where = sim::parse_endpoint(server);
  if (!where) return print_error(where.error());
  Fleet fleet(args, *where, hooks, session.json);
  if (const auto ready = fleet.prepare(); !ready) return print_error(ready.error());
  catch_interrupts();
  return fleet.run();
}

}  // namespace otaru::cli
