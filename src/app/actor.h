// SPDX-License-Identifier: Apache-2.0
// Who does something: every changing method of a service takes it first, and the journal keeps it.
// A value that is copied and kept: it holds no pointer into the catalogue, because what it names
// may be gone when the entry is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "domain/ids.h"

namespace otaru::app {

enum class ActorKind {
  key,     // an API key: `id` and `name` are the credential's
  user,    // a person who is logged in
  system,  // the server itself: `name` says which part of it
};

constexpr std::string_view name_of(ActorKind kind) {
  switch (kind) {
    case ActorKind::key:
      return "key";
    case ActorKind::user:
      return "user";
    case ActorKind::system:
      break;
  }
  return "system";
}

struct Actor {
  ActorKind kind = ActorKind::system;
  int64_t id = 0;  // of the key or user; 0: the system
  std::string name;
  domain::TenantId tenant;  // its own; 0: the system, which belongs to none
  std::string peer;         // address the request came from; empty: the system
  std::string request;      // id of the request, where there is one
  friend bool operator==(const Actor&, const Actor&) = default;
};

inline Actor system_actor(std::string part) {
  Actor out;
  out.name = std::move(part);
  return out;
}

}  // namespace otaru::app
