// SPDX-License-Identifier: Apache-2.0
// People: the one-time links with which they set a password, logging in and out, and what was used
// when. A link or a session is kept as the keyed hash of its token; the token is in the answer that
// makes it and nowhere else.
//
// Whoever logs in learns only whether it worked: an unknown name, a wrong password and a disabled
// person are answered alike, after the same work. Setting a password, disabling and deleting end
// the person's sessions in the same transaction.
//
// Threads: any. find() is quick; the rest blocks: not for I/O threads.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "app/catalogue_service.h"
#include "app/password_gate.h"
#include "app/rate_table.h"

namespace otaru::app {

inline constexpr std::string_view kLoginPurpose = "login";
inline constexpr std::string_view kLinkPurpose = "link";
inline constexpr std::string_view kLoginTokenPrefix = "ots_";

struct LoginFacts {
  std::string peer;
  std::string agent;
};

struct NewLogin {
  LoginRow login;
  domain::User user;
  std::string token;  // the only moment at which it is readable
};

struct NewLink {
  domain::User user;
  std::string token;
};

class AccessService {
 public:
  // All outlive the service.
  AccessService(Engine& engine, CatalogueService& catalogue, const Secrets& secrets,
                base::Random& random, const PasswordOptions& passwords);
  base::Status start();  // after CatalogueService::start()

  // While there are no people at all: the first one, an admin of every tenant without a password,
  // and the token of the link that sets it. `show` comes before it is durable, as for the first
  // key.
  using ShowToken = std::function<base::Status(const std::string& token)>;
  base::Result<bool> first_user(const ShowToken& show);

  base::Result<NewLink> create_user(const Actor& actor, domain::User with);
  base::Result<domain::User> update_user(const Actor& actor, domain::UserId id,
                                         const UserChange& with);
  base::Status delete_user(const Actor& actor, domain::UserId id);
  // Another link; an earlier one is dead. The password stays until the link is used.
  base::Result<NewLink> invite(const Actor& actor, domain::UserId id);
  // The same, but password and sessions end now.
  base::Result<NewLink> reset_password(const Actor& actor, domain::UserId id);

  // Milliseconds to wait before another attempt with a password or link; 0: it was counted.
  int64_t take_attempt(std::string_view name, std::string_view peer);
  // Uses a link up. `name` may only be chosen by the first person. Code::gone: no such link.
  base::Result<domain::User> set_up(std::string_view token, const std::optional<std::string>& name,
                                    std::string_view password, std::string_view peer);
  // Code::unauthenticated when anything is wrong.
  base::Result<NewLogin> log_in(std::string_view name, std::string_view password,
                                const LoginFacts& facts);
  base::Result<NewLogin> log_in_as(const domain::User& user, const LoginFacts& facts);
  // Code::forbidden when `current` is wrong. Every session ends, also the one that asks.
  base::Status change_password(const Actor& actor, domain::UserId id, std::string_view current,
                               std::string_view next);

  struct Known {
    domain::UserId user;
    std::string login;       // its id
    std::string token_hash;  // its place here
  };
  std::optional<Known> find(std::string_view token) const;  // a living session
  void note_login_used(const Known& known);
  std::vector<LoginRow> logins_of(domain::UserId user) const;
  base::Status log_out(domain::UserId user, const std::string& login);  // Code::not_found
  std::string csrf_token(const std::string& login) const;

  void note_key_used(domain::CredentialId key);
  base::Time key_used_at(domain::CredentialId key) const;  // ms 0: never
  base::Time last_login_at(domain::UserId user) const;
  // Now and then: writes what was used, forgets what has expired.
  base::Status tick();

 private:
  struct Session {
    LoginRow row;
    base::Time written;  // used_at as stored
  };
  NewLink link_for(domain::User row);
  bool is_over(const LoginRow& row, base::Time now) const;
  std::vector<WriteOp> erase_ops(domain::UserId user) const;
  void forget(domain::UserId user);
  base::Time used_at(const std::string& who) const;
  base::Status check_password(const domain::User& user, std::string_view password) const;
  base::Status edit(const Actor& actor, domain::UserId id, const UserEdit& change);

  Engine& engine_;
  CatalogueService& catalogue_;
  const Secrets& secrets_;
  base::Random& random_;
  mutable PasswordGate gate_;
  const std::string nobody_;  // a hash to try passwords of unknown people on
  RateTable per_name_;
  RateTable per_address_;
  std::mutex changes_;  // sessions begin and end one after the other; taken before mutex_
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::unordered_map<std::string, Session> sessions_;  // by hash of the token
  struct Used {
    base::Time at;
    bool written = true;
  };
  std::unordered_map<std::string, Used> used_;  // "key 7", "user 3"
};

}  // namespace otaru::app
