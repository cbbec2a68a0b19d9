// SPDX-License-Identifier: Apache-2.0
#include "cli/suggest.h"

#include <algorithm>
#include <utility>

namespace otaru::cli {
namespace {

size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

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
    const size_t d = begun ? 0 : distance(word, candidate);
    if (d < best_distance && d < candidate.size()) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace otaru::cli
