// SPDX-License-Identifier: Apache-2.0
#include "app/access_service.h"

#include <algorithm>

#include "app/input_checks.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::User;

constexpr size_t kTokenBytes = 32;
constexpr size_t kLoginIdBytes = 16;
constexpr size_t kAgentBytesMax = 200;

std::string subject_of(domain::CredentialId key) {
  return "key " + std::to_string(key.value);
}
std::string subject_of(domain::UserId user) {
  return "user " + std::to_string(user.value);
}

// The network part of an IPv6 address: whoever has one has 2^64 of them.
std::string address_key(std::string_view peer) {
  if (peer.find(':') == std::string_view::npos) return std::string(peer);
  size_t at = 0;
  for (int group = 0; group < 4 && at != std::string_view::npos; ++group) {
    at = peer.find(':', at + 1);
  }
  return std::string(peer.substr(0, at));
}

// What a header said, for people to read.
std::string readable(std::string_view text) {
  std::string out(text.substr(0, kAgentBytesMax));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

base::Error wrong_login() {
  return {Code::unauthenticated,
          "the name or the password is wrong",
          {},
          {},
          "try again; whoever may manage people can make a link that sets another password"};
}

}  // namespace

AccessService::AccessService(Engine& engine, CatalogueService& catalogue, const Secrets& secrets,
                             base::Random& random, const PasswordOptions& passwords)
    : engine_(engine),
      catalogue_(catalogue),
      secrets_(secrets),
      random_(random),
      gate_(passwords),
      nobody_(base::unknown_password_hash(passwords.cost, random.bytes(32))),
      per_name_(limits::kLoginsPerName, limits::kLoginsPerNameRefillMs, limits::kLoginRatesMax),
      per_address_(limits::kLoginsPerAddress, limits::kLoginsPerAddressRefillMs,
                   limits::kLoginRatesMax) {}

base::Status AccessService::start() {
  OTARU_TRY(logins, engine_.store().load_logins());
  OTARU_TRY(used, engine_.store().load_last_used());
  const std::lock_guard lock(mutex_);
  for (auto& row : logins) {
    const std::string hash = row.token_hash;
    const auto at = row.used_at;
    sessions_[hash] = Session{std::move(row), at};
  }
  for (auto& row : used) used_[row.who] = Used{row.at, true};
  return {};
}

// --- People and their links ---------------------------------------------------------------------

NewLink AccessService::link_for(User row) {
  NewLink out;
  out.token = generate_secret(random_, "otl_");
  row.link_hash = secrets_.keyed_hash(kLinkPurpose, out.token);
  row.link_expires_at = engine_.clock().now() + limits::kLinkLifeMs;
  out.user = std::move(row);
  return out;
}

base::Result<bool> AccessService::first_user(const ShowToken& show) {
  if (!engine_.snapshot()->rows().users.empty()) return false;
  User admin;
  admin.name = "admin";
  admin.role = domain::Role::admin;
  const auto made = link_for(std::move(admin));
  OTARU_CHECK(show(made.token));
  OTARU_CHECK(catalogue_.create_user(system_actor("first start"), made.user));
  return true;
}

base::Result<NewLink> AccessService::create_user(const Actor& actor, User with) {
  auto made = link_for(std::move(with));
  OTARU_TRY(row, catalogue_.create_user(actor, made.user));
  made.user = row;
  return made;
}

base::Result<User> AccessService::update_user(const Actor& actor, domain::UserId id,
                                              const UserChange& with) {
  const std::lock_guard changing(changes_);
  const bool ends = with.disabled.value_or(false);
  OTARU_TRY(row, catalogue_.edit_user(actor, "user.update", id, with, nullptr,
                                      ends ? erase_ops(id) : std::vector<WriteOp>()));
  if (ends) forget(id);
  return row;
}

base::Status AccessService::delete_user(const Actor& actor, domain::UserId id) {
  const std::lock_guard changing(changes_);
  auto ops = erase_ops(id);
  ops.emplace_back(EraseText{EraseText::Table::last_used, subject_of(id)});
  OTARU_CHECK(catalogue_.delete_user(actor, id, std::move(ops)));
  forget(id);
  const std::lock_guard lock(mutex_);
  used_.erase(subject_of(id));
  return {};
}

base::Result<NewLink> AccessService::invite(const Actor& actor, domain::UserId id) {
  NewLink out = link_for({});
  const auto edit = [&](User& row, base::Time) -> base::Status {
    row.link_hash = out.user.link_hash;
    row.link_expires_at = out.user.link_expires_at;
    return {};
  };
  OTARU_TRY(row, catalogue_.edit_user(actor, "user.invite", id, {}, edit, {}));
  out.user = row;
  return out;
}

base::Result<NewLink> AccessService::reset_password(const Actor& actor, domain::UserId id) {
  NewLink out = link_for({});
  const std::lock_guard changing(changes_);
  const auto edit = [&](User& row, base::Time now) -> base::Status {
    row.link_hash = out.user.link_hash;
    row.link_expires_at = out.user.link_expires_at;
    row.password_hash.clear();
    row.password_changed_at = now;
    return {};
  };
  OTARU_TRY(row, catalogue_.edit_user(actor, "user.reset_password", id, {}, edit, erase_ops(id)));
  forget(id);
  out.user = row;
  return out;
}

// --- Passwords ----------------------------------------------------------------------------------

base::Status AccessService::check_password(const User& user, std::string_view password) const {
  OTARU_CHECK(check_text("password", password, limits::kPasswordBytesMax));
  size_t characters = 0;
  for (const char c : password) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++characters;
  }
  if (characters < limits::kPasswordCharactersMin) {
    return base::fail_field(
        Code::invalid, "password",
        "it needs at least " + std::to_string(limits::kPasswordCharactersMin) + " characters",
        "a few words in a row are good");
  }
  if (base::iequals(password, user.name) || base::iequals(password, user.email)) {
    return base::fail_field(Code::invalid, "password", "it is the name");
  }
  return {};
}

int64_t AccessService::take_attempt(std::string_view name, std::string_view peer) {
  const auto now = engine_.clock().now();
  const int64_t address = per_address_.take(address_key(peer), now);
  if (address > 0) return address;
  if (name.empty()) return 0;
  return per_name_.take(name.substr(0, limits::kNameBytesMax), now);
}

base::Status AccessService::edit(const Actor& actor, domain::UserId id, const UserEdit& change) {
  const std::lock_guard changing(changes_);
  OTARU_CHECK(catalogue_.edit_user(actor, "user.change_password", id, {}, change, erase_ops(id)));
  forget(id);
  return {};
}

base::Result<User> AccessService::set_up(std::string_view token,
                                         const std::optional<std::string>& name,
                                         std::string_view password, std::string_view peer) {
  const std::string link_hash = secrets_.keyed_hash(kLinkPurpose, token);
  const auto snapshot = engine_.snapshot();
  const User* known = snapshot->user_by_link(link_hash);
  const auto now = engine_.clock().now();
  const auto dead = base::fail_field(Code::gone, "token", "this link is used up or too old",
                                     "ask an administrator for another one");
  if (known == nullptr || known->link_expires_at <= now || known->disabled) return dead;
  UserChange with;
  if (name && *name != known->name) {
    if (!known->password_hash.empty() || known->reach() != domain::Reach::server ||
        snapshot->rows().users.size() != 1) {
      return base::fail_field(Code::invalid, "name", "the name was chosen already");
    }
    with.name = name;
  }
  User as_named = *known;
  if (with.name) as_named.name = *with.name;
  OTARU_CHECK(check_password(as_named, password));
  OTARU_TRY(hash, gate_.hash(password));
  Actor actor{ActorKind::user, known->id.value,   as_named.name,
              known->tenant,   std::string(peer), ""};
  const auto change = [&](User& row, base::Time at) -> base::Status {
    if (row.link_hash != link_hash) return dead;  // somebody was quicker
    row.link_hash.clear();
    row.link_expires_at = {};
    row.password_hash = hash;
    row.password_changed_at = at;
    row.must_change = false;
    return {};
  };
  const std::lock_guard changing(changes_);
  OTARU_TRY(row, catalogue_.edit_user(actor, "user.set_password", known->id, with, change,
                                      erase_ops(known->id)));
  forget(row.id);
  return row;
}

base::Status AccessService::change_password(const Actor& actor, domain::UserId id,
                                            std::string_view current, std::string_view next) {
  const auto snapshot = engine_.snapshot();
  const User* user = snapshot->user(id);
  if (user == nullptr) return base::fail(Code::not_found, "there is no such person");
  OTARU_CHECK(check_password(*user, next));
  const std::string before = user->password_hash;
  OTARU_TRY(right, gate_.matches(before.empty() ? nobody_ : before, current));
  if (!right || before.empty()) {
    return base::fail_field(Code::forbidden, "current", "the current password is wrong",
                            "ask an administrator to reset it");
  }
  OTARU_TRY(hash, gate_.hash(next));
  return edit(actor, id, [&](User& row, base::Time at) -> base::Status {
    if (row.password_hash != before) {
      return base::fail(Code::conflict, "the password was changed meanwhile");
    }
    row.password_hash = hash;
    row.password_changed_at = at;
    row.must_change = false;
    return {};
  });
}

// --- Sessions -----------------------------------------------------------------------------------

base::Result<NewLogin> AccessService::log_in(std::string_view name, std::string_view password,
                                             const LoginFacts& facts) {
  const auto snapshot = engine_.snapshot();
  const User* user = snapshot->user(name);
  const bool usable = user != nullptr && !user->disabled && !user->password_hash.empty();
  const bool sane = password.size() <= limits::kPasswordBytesMax;
  OTARU_TRY(right, gate_.matches(usable ? user->password_hash : nobody_,
                                 sane ? password : std::string_view()));
  if (!right || !usable || !sane) return base::fail(wrong_login());
  per_name_.give_back(name, engine_.clock().now());
  User known = *user;
  if (base::password_needs_rehash(known.password_hash, gate_.cost())) {
    OTARU_TRY(hash, gate_.hash(password));
    const auto change = [&](User& row, base::Time) -> base::Status {
      if (row.password_hash == known.password_hash) row.password_hash = hash;
      return {};
    };
    OTARU_TRY(row, catalogue_.edit_user(system_actor("password cost"), "user.rehash", known.id, {},
                                        change, {}));
    known = row;
  }
  return log_in_as(known, facts);
}

base::Result<NewLogin> AccessService::log_in_as(const User& user, const LoginFacts& facts) {
  const std::lock_guard changing(changes_);
  const auto snapshot = engine_.snapshot();
  const User* now_known = snapshot->user(user.id);
  // What was checked must still be so: a change in between ends what it did not see.
  if (now_known == nullptr || now_known->disabled ||
      now_known->password_hash != user.password_hash) {
    return base::fail(wrong_login());
  }
  const auto now = engine_.clock().now();
  NewLogin out;
  out.user = *now_known;
  out.token = std::string(kLoginTokenPrefix) + base::hex(random_.bytes(kTokenBytes));
  out.login.id = base::hex(random_.bytes(kLoginIdBytes));
  out.login.user = user.id;
  out.login.token_hash = secrets_.keyed_hash(kLoginPurpose, out.token);
  out.login.peer = readable(facts.peer);
  out.login.agent = readable(facts.agent);
  out.login.created_at = out.login.used_at = now;
  out.login.expires_at = now + limits::kLoginLifeMs;
  WriteBatch batch;
  batch.ops.emplace_back(out.login);
  batch.ops.emplace_back(LastUsed{subject_of(user.id), now});
  auto others = logins_of(user.id);
  std::optional<LoginRow> dropped;
  if (others.size() >= limits::kLoginsPerUserMax) {
    dropped = *std::min_element(others.begin(), others.end(),
                                [](const auto& a, const auto& b) { return a.used_at < b.used_at; });
    batch.ops.emplace_back(EraseText{EraseText::Table::login, dropped->id});
  }
  {
    const std::lock_guard lock(mutex_);
    if (sessions_.size() >= limits::kLoginsMax) {
      return base::fail(Code::exhausted, "too many people are logged in");
    }
  }
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  const std::lock_guard lock(mutex_);
  if (dropped) sessions_.erase(dropped->token_hash);
  sessions_[out.login.token_hash] = Session{out.login, now};
  used_[subject_of(user.id)] = Used{now, true};
  return out;
}

bool AccessService::is_over(const LoginRow& row, base::Time now) const {
  return row.expires_at <= now || now - row.used_at >= limits::kLoginIdleMs;
}

std::optional<AccessService::Known> AccessService::find(std::string_view token) const {
  if (!token.starts_with(kLoginTokenPrefix)) return std::nullopt;
  const std::string hash = secrets_.keyed_hash(kLoginPurpose, token);
  const auto now = engine_.clock().now();
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(hash);
  if (found == sessions_.end() || is_over(found->second.row, now)) return std::nullopt;
  return Known{found->second.row.user, found->second.row.id, hash};
}

void AccessService::note_login_used(const Known& known) {
  const auto now = engine_.clock().now();
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(known.token_hash);
  if (found == sessions_.end()) return;
  found->second.row.used_at = std::max(found->second.row.used_at, now);
}

std::vector<LoginRow> AccessService::logins_of(domain::UserId user) const {
  const auto now = engine_.clock().now();
  std::vector<LoginRow> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [hash, session] : sessions_) {
    if (session.row.user == user && !is_over(session.row, now)) out.push_back(session.row);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return out;
}

base::Status AccessService::log_out(domain::UserId user, const std::string& login) {
  const std::lock_guard changing(changes_);
  for (const auto& row : logins_of(user)) {
    if (row.id != login) continue;
    WriteBatch batch;
    batch.ops.emplace_back(EraseText{EraseText::Table::login, login});
    OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
    const std::lock_guard lock(mutex_);
    sessions_.erase(row.token_hash);
    return {};
  }
  return base::fail_field(Code::not_found, "id", "there is no such session");
}

std::string AccessService::csrf_token(const std::string& login) const {
  return secrets_.derive_hex("csrf", login, 16);
}

std::vector<WriteOp> AccessService::erase_ops(domain::UserId user) const {
  std::vector<WriteOp> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [hash, session] : sessions_) {
    if (session.row.user != user) continue;
    out.emplace_back(EraseText{EraseText::Table::login, session.row.id});
  }
  return out;
}

void AccessService::forget(domain::UserId user) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [user](const auto& entry) { return entry.second.row.user == user; });
}

// --- What was used when -------------------------------------------------------------------------

void AccessService::note_key_used(domain::CredentialId key) {
  const auto now = engine_.clock().now();
  const std::lock_guard lock(mutex_);
  auto& used = used_[subject_of(key)];
  if (used.at.ms != 0 && now - used.at < limits::kLastUsedStepMs) return;
  used = Used{now, false};
}

base::Time AccessService::used_at(const std::string& who) const {
  const std::lock_guard lock(mutex_);
  const auto found = used_.find(who);
  return found == used_.end() ? base::Time{} : found->second.at;
}

base::Time AccessService::key_used_at(domain::CredentialId key) const {
  return used_at(subject_of(key));
}

base::Time AccessService::last_login_at(domain::UserId user) const {
  return used_at(subject_of(user));
}

base::Status AccessService::tick() {
  const std::lock_guard changing(changes_);
  const auto now = engine_.clock().now();
  WriteBatch batch;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = sessions_.begin(); at != sessions_.end();) {
      auto& session = at->second;
      if (is_over(session.row, now)) {
        batch.ops.emplace_back(EraseText{EraseText::Table::login, session.row.id});
        at = sessions_.erase(at);
        continue;
      }
      if (session.row.used_at - session.written >= limits::kLastUsedStepMs) {
        batch.ops.emplace_back(session.row);
        session.written = session.row.used_at;
      }
      ++at;
    }
    for (auto& [who, used] : used_) {
      if (used.written) continue;
      batch.ops.emplace_back(LastUsed{who, used.at});
      used.written = true;
    }
  }
  if (batch.ops.empty()) return {};
  return engine_.write_and_wait(std::move(batch));
}

}  // namespace otaru::app
