// SPDX-License-Identifier: Apache-2.0
// Internal to domain: what a product's checks and plans look up, parsed once when the snapshot is
// built. Versions become nodes (small integers in version order), so that a check parses the
// reported text, searches its place once, and from then on compares integers.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/snapshot.h"
#include "domain/version_key.h"

namespace otaru::domain {

// Where a reported version stands among a product's nodes.
struct VersionPlace {
  int32_t upper = 0;   // number of nodes that are not newer than it
  int32_t node = -1;   // its own node, -1 if no release and no delta knows it
  bool known = false;  // false: nothing was reported; older than everything
  bool valid = true;   // false: the text does not fit the scheme
  bool older_than(int32_t other) const { return other >= upper; }
  bool equals(int32_t other) const { return node == other; }
};

struct DeltaEdge {
  int32_t from_node = 0;
  const Package* package = nullptr;
};

struct ReleaseNode {
  int32_t node = 0;
  std::vector<DeltaEdge> deltas;  // by package id
};

struct ReleaseChannel {
  std::string_view name;
  std::vector<int32_t> releases;  // indices into CompiledProduct::releases, oldest first
};

struct VersionIndex {
  VersionScheme scheme = VersionScheme::dotted;
  std::vector<VersionKey> nodes;  // sorted, unique: published releases and bases of their deltas
  std::vector<int32_t> last_release;  // per node: index of the last release not newer, or -1
  std::vector<ReleaseNode> releases;  // parallel to CompiledProduct::releases
  std::vector<ReleaseChannel> channels;
  // publish_order only: text -> sequence of the newest release ever published with it.
  std::unordered_map<std::string_view, int64_t> sequences;

  VersionFault parse(std::string_view text, VersionKey& out) const;
  VersionPlace place_of(std::string_view reported_version) const;
  const ReleaseChannel* channel(std::string_view name) const;
  // Whether both texts stand for one version, however they are spelled.
  bool same(std::string_view a, std::string_view b) const;
  // Whether what runs is that version or a newer one; never without knowing an order.
  bool at_least(std::string_view runs, std::string_view version_min) const;
};

// `all` are the product's releases in any state; fills product.releases and product.versions.
// Every version text must have been validated.
void compile_versions(CompiledProduct& product, const std::vector<CompiledRelease>& all);

}  // namespace otaru::domain
