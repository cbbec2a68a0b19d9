// SPDX-License-Identifier: Apache-2.0
#include "domain/version_index.h"

#include <algorithm>
#include <memory>

namespace otaru::domain {
namespace {

struct KeyedRelease {
  VersionKey key;
  CompiledRelease compiled;
};

void sort_oldest_first(VersionScheme scheme, std::vector<KeyedRelease>& releases) {
  std::sort(releases.begin(), releases.end(),
            [scheme](const KeyedRelease& a, const KeyedRelease& b) {
              const auto order = compare_keys(scheme, a.key, b.key);
              if (order != std::strong_ordering::equal) return order < 0;
              const Release& left = *a.compiled.release;
              const Release& right = *b.compiled.release;
              if (left.sequence != right.sequence) return left.sequence < right.sequence;
              return left.id < right.id;
            });
}

void collect_nodes(VersionIndex& index, const std::vector<KeyedRelease>& releases) {
  for (const KeyedRelease& release : releases) {
    index.nodes.push_back(release.key);
    for (const Package* package : release.compiled.packages) {
      VersionKey base;
      if (package->kind == PackageKind::full) continue;
      if (index.parse(package->base_version, base) != VersionFault::none) continue;
      index.nodes.push_back(base);
    }
  }
  const VersionScheme scheme = index.scheme;
  std::sort(index.nodes.begin(), index.nodes.end(),
            [scheme](const VersionKey& a, const VersionKey& b) {
              return compare_keys(scheme, a, b) < 0;
            });
  const auto same = [scheme](const VersionKey& a, const VersionKey& b) {
    return compare_keys(scheme, a, b) == 0;
  };
  index.nodes.erase(std::unique(index.nodes.begin(), index.nodes.end(), same), index.nodes.end());
  index.nodes.shrink_to_fit();
}

// Number of nodes that are not newer than `key`.
int32_t upper_node(const VersionIndex& index, const VersionKey& key) {
  // Most checks come from devices that run the newest already.
  if (index.nodes.empty() || compare_keys(index.scheme, index.nodes.back(), key) <= 0) {
    return static_cast<int32_t>(index.nodes.size());
  }
  const auto at = std::upper_bound(index.nodes.begin(), index.nodes.end(), key,
                                   [&index](const VersionKey& wanted, const VersionKey& node) {
                                     return compare_keys(index.scheme, wanted, node) < 0;
                                   });
  return static_cast<int32_t>(at - index.nodes.begin());
}

ReleaseNode make_release_node(const VersionIndex& index, const KeyedRelease& release) {
  ReleaseNode out;
  out.node = upper_node(index, release.key) - 1;
  for (const Package* package : release.compiled.packages) {
    VersionKey base;
    if (package->kind == PackageKind::full) continue;
    if (index.parse(package->base_version, base) != VersionFault::none) continue;
    const int32_t from = upper_node(index, base) - 1;
    // Deltas lead upwards; the graph has no cycles.
    if (from < out.node) out.deltas.push_back(DeltaEdge{from, package});
  }
  return out;
}

void add_to_channel(VersionIndex& index, std::string_view name, int32_t release) {
  for (ReleaseChannel& channel : index.channels) {
    if (channel.name == name) {
      channel.releases.push_back(release);
      return;
    }
  }
  index.channels.push_back(ReleaseChannel{name, {release}});
}

}  // namespace

VersionFault VersionIndex::parse(std::string_view text, VersionKey& out) const {
  const VersionFault fault = parse_version_key(scheme, text, out);
  if (fault != VersionFault::none || scheme != VersionScheme::publish_order) return fault;
  const auto at = sequences.find(text);
  if (at != sequences.end()) {
    out.parts[0] = static_cast<uint64_t>(at->second);
    out.tail = {};
  }
  return fault;
}

VersionPlace VersionIndex::place_of(std::string_view reported_version) const {
  VersionPlace place;
  if (reported_version.empty()) return place;
  place.known = true;
  VersionKey key;
  if (parse(reported_version, key) != VersionFault::none) {
    place.valid = false;
    return place;
  }
  place.upper = upper_node(*this, key);
  if (place.upper > 0 &&
      compare_keys(scheme, nodes[static_cast<size_t>(place.upper - 1)], key) == 0) {
    place.node = place.upper - 1;
  }
  return place;
}

bool VersionIndex::same(std::string_view a, std::string_view b) const {
  if (a == b) return true;
  VersionKey left;
  VersionKey right;
  return parse(a, left) == VersionFault::none && parse(b, right) == VersionFault::none &&
         compare_keys(scheme, left, right) == 0;
}

bool VersionIndex::at_least(std::string_view runs, std::string_view version_min) const {
  VersionKey own;
  VersionKey wanted;
  if (parse(runs, own) != VersionFault::none) return false;
  if (runs == version_min) return true;
  if (parse(version_min, wanted) != VersionFault::none) return false;
  // Two names of which one was never published have no order.
  if (scheme == VersionScheme::publish_order && (!own.tail.empty() || !wanted.tail.empty())) {
    return false;
  }
  return compare_keys(scheme, own, wanted) >= 0;
}

const ReleaseChannel* VersionIndex::channel(std::string_view name) const {
  for (const ReleaseChannel& candidate : channels) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

void compile_versions(CompiledProduct& product, const std::vector<CompiledRelease>& all) {
  auto index = std::make_shared<VersionIndex>();
  index->scheme = product.product->version_format.scheme;
  if (index->scheme == VersionScheme::publish_order) {
    for (const CompiledRelease& compiled : all) {
      int64_t& sequence = index->sequences[compiled.release->version];
      sequence = std::max(sequence, compiled.release->sequence);
    }
    std::erase_if(index->sequences, [](const auto& entry) { return entry.second == 0; });
  }
  std::vector<KeyedRelease> published;
  for (const CompiledRelease& compiled : all) {
    if (compiled.release->state != ReleaseState::published) continue;
    KeyedRelease keyed;
    keyed.compiled = compiled;
    if (index->parse(compiled.release->version, keyed.key) != VersionFault::none) continue;
    published.push_back(std::move(keyed));
  }
  sort_oldest_first(index->scheme, published);
  collect_nodes(*index, published);
  index->last_release.assign(index->nodes.size(), -1);
  for (KeyedRelease& release : published) {
    const auto at = static_cast<int32_t>(index->releases.size());
    index->releases.push_back(make_release_node(*index, release));
    index->last_release[static_cast<size_t>(index->releases.back().node)] = at;
    add_to_channel(*index, release.compiled.release->channel, at);
    product.releases.push_back(std::move(release.compiled));
  }
  int32_t last = -1;
  for (int32_t& entry : index->last_release) {
    last = std::max(last, entry);
    entry = last;
  }
  product.versions = std::move(index);
}

base::Result<int64_t> CompiledProduct::rank_of(std::string_view reported_version) const {
  const VersionPlace place = versions->place_of(reported_version);
  if (!place.valid) {
    OTARU_CHECK(validate_version(product->version_format, reported_version));
  }
  if (place.upper == 0) return -1;
  return versions->last_release[static_cast<size_t>(place.upper - 1)];
}

base::Result<int> CompiledProduct::compare(const Release& release,
                                           std::string_view reported_version) const {
  if (reported_version.empty()) return 1;
  VersionKey reported;
  VersionKey own;
  if (versions->parse(reported_version, reported) != VersionFault::none) {
    OTARU_CHECK(validate_version(product->version_format, reported_version));
  }
  if (versions->parse(release.version, own) != VersionFault::none) {
    OTARU_CHECK(validate_version(product->version_format, release.version));
  }
  const auto order = compare_keys(versions->scheme, own, reported);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

}  // namespace otaru::domain
