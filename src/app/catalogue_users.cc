// SPDX-License-Identifier: Apache-2.0
// Rows of people. What a password or a link is, AccessService knows.
#include "app/catalogue_draft.h"
#include "app/catalogue_service.h"
#include "app/input_checks.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::User;

constexpr size_t kLoginNameBytesMax = 64;

// A mail address is a good name to log in with.
base::Status check_login_name(std::string_view name) {
  OTARU_CHECK(check_name("name", name));
  bool plain = name.size() <= kLoginNameBytesMax;
  for (const char c : name) {
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                      c == '-' || c == '@' || c == '+');
  }
  if (plain) return {};
  return base::fail_field(Code::invalid, "name",
                          "it may hold a-z, 0-9 and . _ - @ +, at most " +
                              std::to_string(kLoginNameBytesMax) + " of them");
}

base::Status apply_user(const domain::CatalogueRows& rows, const UserChange& with, User& row) {
  if (with.name) {
    OTARU_CHECK(check_login_name(*with.name));
    row.name = *with.name;
  }
  if (with.display_name) {
    OTARU_CHECK(check_text("display_name", *with.display_name, limits::kNameBytesMax));
    row.display_name = *with.display_name;
  }
  if (with.email) {
    OTARU_CHECK(check_text("email", *with.email, limits::kNameBytesMax));
    row.email = *with.email;
  }
  row.role = with.role.value_or(row.role);
  row.disabled = with.disabled.value_or(row.disabled);
  row.must_change = with.must_change.value_or(row.must_change);
  for (const auto& other : rows.users) {
    if (other.id == row.id || other.name != row.name) continue;
    return base::fail_field(Code::conflict, "name", "there is a person of that name already");
  }
  return {};
}

}  // namespace

base::Result<User> CatalogueService::create_user(const Actor& actor, const User& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  if (with.tenant) OTARU_CHECK(draft.get(with.tenant, "tenant", "tenant"));
  if (draft.rows.users.size() >= limits::kUsersMax) {
    return base::fail(Code::exhausted, "there are too many people");
  }
  User row = with;
  row.id = domain::UserId{ids_.user + 1};
  row.created_at = draft.now;
  row.updated_at = draft.now;
  UserChange words;
  words.name = with.name;
  words.display_name = with.display_name;
  words.email = with.email;
  OTARU_CHECK(apply_user(draft.rows, words, row));
  draft.add(draft.rows.users, row);
  OTARU_CHECK(commit(draft, draft.deed("user.create", row)));
  ids_.user = row.id.value;
  return row;
}

base::Result<User> CatalogueService::edit_user(const Actor& actor, std::string_view action,
                                               domain::UserId id, const UserChange& with,
                                               const UserEdit& edit, std::vector<WriteOp> also) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "user", "user"));
  const bool was_admin = is_living_admin(*row);
  OTARU_CHECK(apply_user(draft.rows, with, *row));
  if (edit) OTARU_CHECK(edit(*row, draft.now));
  row->updated_at = draft.now;
  if (was_admin) OTARU_CHECK(check_admin_left(draft.rows));
  draft.put(*row);
  User out = *row;
  for (auto& op : also) draft.batch.ops.push_back(std::move(op));
  OTARU_CHECK(commit(draft, draft.deed(action, out)));
  return out;
}

base::Status CatalogueService::delete_user(const Actor& actor, domain::UserId id,
                                           std::vector<WriteOp> also) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "user", "user"));
  const bool was_admin = is_living_admin(*row);
  const Deed deed = draft.deed("user.delete", *row);
  draft.remove(draft.rows.users, id);
  if (was_admin) OTARU_CHECK(check_admin_left(draft.rows));
  for (auto& op : also) draft.batch.ops.push_back(std::move(op));
  return commit(draft, deed);
}

}  // namespace otaru::app
