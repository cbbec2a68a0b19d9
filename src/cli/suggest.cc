// SPDX-License-Identifier: Apache-2.0
#include "cli/suggest.h"

#include <algorithm>
#include <utility>

#include "base/edit_distance.h"

namespace otaru::cli {
namespace {

// What other programs call the same.
constexpr std::pair<std::string_view, std::string_view> kSynonyms[] = {
    {"create", "add"},    {"new", "add"},      {"register", "add"},     {"delete", "remove"},
    {"rm", "remove"},     {"del", "remove"},   {"ls", "list"},          {"get", "show"},
    {"describe", "show"}, {"edit", "update"},  {"set", "update"},       {"upload", "add"},
    {"stop", "pause"},    {"run", "start"},    {"fetch", "download"},   {"why", "explain"},
    {"server", "serve"},  {"sim", "simulate"}, {"firmware", "release"}, {"rollout", "deployment"},
};
// Longer words are no typing error of ours.
constexpr size_t kWordMax = 40;
// So many first letters are a word begun.
constexpr size_t kBegunMin = 3;

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > kWordMax) return "";
  const auto has = [&](std::string_view text) {
    return std::find(known.begin(), known.end(), text) != known.end();
  };
  for (const auto& [said, meant] : kSynonyms) {
    if (word == said && has(meant)) return std::string(meant);
  }
  std::string best;
  // One letter in three may be wrong, one at least.
  size_t best_distance = std::max<size_t>(word.size() / 3, 1) + 1;
  for (const auto& candidate : known) {
    const bool begun = word.size() >= kBegunMin && candidate.starts_with(word);
    const size_t d = begun ? 0 : base::edit_distance(word, candidate);
    if (d < best_distance && d < candidate.size()) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace otaru::cli
