// SPDX-License-Identifier: Apache-2.0
// Numbers in the Prometheus text format 0.0.4. A source writes its families one after the other,
// each with its samples:
//
//   metrics.family("otaru_requests_total", MetricType::counter, "Requests answered.");
//   metrics.sample({{"door", "onenet"}, {"class", "2xx"}}, 17);
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace otaru::api {

enum class MetricType { counter, gauge };

class MetricsWriter {
 public:
  void family(std::string_view name, MetricType type, std::string_view help);
  void sample(int64_t value) { sample({}, value); }
  void sample(std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
              int64_t value);
  // A family of one sample.
  void counter(std::string_view name, std::string_view help, int64_t value);
  void gauge(std::string_view name, std::string_view help, int64_t value);
  std::string take() { return std::move(out_); }

 private:
  std::string name_;
  std::string out_;
};

using MetricsSource = std::function<void(MetricsWriter&)>;

}  // namespace otaru::api
