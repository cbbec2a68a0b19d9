// SPDX-License-Identifier: Apache-2.0
// Every operator's change of the catalogue. An operation validates its input, builds the next
// catalogue, makes it durable and only then swaps the snapshot that checks are answered from: there
// is never a half state, and a write that fails leaves everything as it was.
//
// Errors carry `field` (a member of the input, in the words of the API) where one is to blame. Who
// may do it is the caller's question.
//
// Threads: any, if `random` may be used from any (SecureRandom); changes are made one after the
// other. Blocks: not for I/O threads.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/actor.h"
#include "app/deployment_change.h"
#include "app/engine.h"
#include "app/secrets.h"
#include "app/upload_service.h"
#include "base/random.h"
#include "base/result.h"
#include "domain/access.h"
#include "domain/catalogue.h"
#include "domain/deployment_state.h"
#include "domain/gate.h"

namespace otaru::app {

// Members that are not given stay as they are, or get their default in a new row.
struct ProductChange {
  std::optional<std::string> name, model, hw_version, feature, manufacturer, module;
  std::optional<domain::ProductType> type;
  std::optional<domain::VersionScheme> version_scheme;
  std::optional<std::string> version_pattern;
};

struct ReleaseChange {
  std::optional<std::string> version, channel;
  std::optional<domain::TextMap> labels, notes;
  std::optional<bool> security, force;
  std::optional<std::string> min_version;  // empty: none
  std::optional<std::vector<domain::Requirement>> requirements;
};

struct PackageSpec {
  domain::ReleaseId release;
  // Exactly one of them: a completed upload, which is used up, or the hash of a file that another
  // package of the same tenant has.
  std::string upload;
  std::string sha256;
  std::optional<domain::PackageKind> kind;  // default: delta with a base version, else full
  std::string base_version;
  std::string file_name;  // empty: as uploaded, or as the other package
  std::string format;     // empty: what the file is, "raw" when it does not say
  // What the file says otherwise ("version", "hardware" ...) and is right all the same, and why.
  std::vector<std::string> overrides;
  std::string override_reason;
  std::vector<int64_t> permissions;
  bool hidden = false;
};

struct PackageChange {
  std::optional<std::vector<int64_t>> permissions;
  std::optional<bool> hidden;
};

struct KitItemSpec {
  domain::ReleaseId release;
  int64_t stage = 0;
  std::vector<domain::Requirement> requirements;
};

struct KitChange {
  std::optional<std::string> version, version_pattern, channel, upgrade_method;
  std::optional<domain::TextMap> notes;
  std::optional<std::vector<int64_t>> permissions;
  // One of the two: releases are items of stage 0.
  std::optional<std::vector<domain::ReleaseId>> releases;
  std::optional<std::vector<KitItemSpec>> items;
  std::optional<std::optional<base::Time>> released_at;
};

struct GroupChange {
  std::optional<std::string> name, description;
  std::optional<std::string> filter;  // empty: none
};

// A deployment's long lists, and what a file of keys does to one.
enum class DeviceList { devices, excluded };
enum class ListMode { replace, add, remove };
std::string_view name_of(DeviceList v);
std::string_view name_of(ListMode v);
base::Result<ListMode> parse_list_mode(std::string_view text);
struct ListChange {
  DeviceList list = DeviceList::devices;
  ListMode mode = ListMode::replace;
  size_t added = 0;
  size_t removed = 0;
  size_t unchanged = 0;  // named, and there already (remove: not there)
  size_t count = 0;      // in the list now
};

enum class DeploymentAction { start, pause, resume, finish, cancel };

// Where devices are taken back to: exactly one of them.
struct BackTo {
  domain::ReleaseId release;
  domain::KitId kit;
};

// What the server does with a deployment by itself (rollout_driver.h).
struct RolloutStep {
  enum class What {
    start,      // its time has come
    gate,       // its gate begins to hold, or does not hold any more
    open_wave,
    finish,     // the deadline has passed
    pause,      // the three of brakes
    cancel,
    roll_back,
  };
  What what = What::start;
  domain::DeploymentId deployment;
  int64_t open_waves = 0;  // as it was when this was decided; else nothing is done
  std::optional<base::Time> gate_met_at;  // of gate
  BackTo back_to;                         // of roll_back
  std::string why;                        // with the numbers
};

struct CredentialSpec {
  domain::TenantId tenant;
  domain::CredentialKind kind = domain::CredentialKind::api_key;
  std::string name;
  std::optional<std::string> secret;  // made when not given
  domain::TextMap attributes;
  std::vector<int64_t> permissions;
  std::optional<base::Time> expires_at;  // of API keys
};

struct CredentialChange {
  std::vector<std::pair<std::string, std::optional<std::string>>> attributes;  // nothing: removed
  std::optional<std::vector<int64_t>> permissions;
  std::optional<bool> disabled;
  std::optional<std::optional<base::Time>> expires_at;
};

// The only moment at which a secret is readable.
struct NewCredential {
  domain::Credential credential;
  std::string secret;
};

// Members that are not given stay as they are.
struct UserChange {
  std::optional<std::string> name, display_name, email;
  std::optional<domain::Role> role;
  std::optional<bool> disabled, must_change;
};
// A change that only sees the row as it is at that moment.
using UserEdit = std::function<base::Status(domain::User& row, base::Time now)>;

// What an API key may do, and where: its attributes `role` (operator when there is none) and
// `scope`. A key of the role admin reaches every tenant unless its scope is "tenant"; other keys
// reach their own tenant unless their scope is "server".
inline constexpr std::string_view kRoleAttribute = "role";
inline constexpr std::string_view kScopeAttribute = "scope";
domain::Role role_of(const domain::Credential& api_key);
domain::Reach reach_of(const domain::Credential& api_key);

// From how many devices on a second person has to agree to a start; 0: never. A tenant's own
// setting is "tenant.NAME." and this, and counts instead.
inline constexpr std::string_view kApprovalSetting = "approval.devices_min";

class CatalogueService {
 public:
  // All outlive the service.
  CatalogueService(Engine& engine, UploadService& uploads, const Secrets& secrets,
                   base::Random& random);

  // After Engine::start(). Reads the high water marks of ids.
  base::Status start();
  // First start: makes the tenant `default` and one admin API key, and returns the key. Nothing
  // when there is an API key already. `show` tells people the key, before it is durable: a crash in
  // between leaves a key that never worked, and the next start shows another. The other way round
  // it would leave one that nobody has seen.
  using ShowKey = std::function<base::Status(const std::string& key)>;
  base::Result<std::optional<std::string>> first_start(const ShowKey& show = nullptr);

  base::Result<domain::Tenant> create_tenant(const Actor& actor, std::string_view name);

  base::Result<domain::Product> create_product(const Actor& actor, domain::TenantId tenant,
                                               const ProductChange& with);
  base::Result<domain::Product> update_product(const Actor& actor, domain::ProductId id,
                                               const ProductChange& with);
  base::Status delete_product(const Actor& actor, domain::ProductId id);

  base::Result<domain::Release> create_release(const Actor& actor, domain::ProductId product,
                                               const ReleaseChange& with);
  base::Result<domain::Release> update_release(const Actor& actor, domain::ReleaseId id,
                                               const ReleaseChange& with);
  base::Result<domain::Release> publish_release(const Actor& actor, domain::ReleaseId id);
  base::Result<domain::Release> revoke_release(const Actor& actor, domain::ReleaseId id);
  base::Status delete_release(const Actor& actor, domain::ReleaseId id);

  base::Result<domain::Package> create_package(const Actor& actor, const PackageSpec& spec);
  base::Result<domain::Package> update_package(const Actor& actor, domain::PackageId id,
                                               const PackageChange& with);
  base::Status delete_package(const Actor& actor, domain::PackageId id);

  base::Result<domain::Kit> create_kit(const Actor& actor, domain::TenantId tenant,
                                       const KitChange& with);
  base::Result<domain::Kit> update_kit(const Actor& actor, domain::KitId id, const KitChange& with);
  base::Result<domain::Kit> publish_kit(const Actor& actor, domain::KitId id);
  base::Result<domain::Kit> revoke_kit(const Actor& actor, domain::KitId id);
  base::Status delete_kit(const Actor& actor, domain::KitId id);

  base::Result<domain::Group> create_group(const Actor& actor, domain::TenantId tenant,
                                           const GroupChange& with);
  base::Result<domain::Group> update_group(const Actor& actor, domain::GroupId id,
                                           const GroupChange& with);
  base::Status delete_group(const Actor& actor, domain::GroupId id);

  base::Result<domain::Deployment> create_deployment(const Actor& actor, domain::TenantId tenant,
                                                     const DeploymentChange& with);
  base::Result<domain::Deployment> update_deployment(const Actor& actor, domain::DeploymentId id,
                                                     const DeploymentChange& with);
  base::Result<domain::Deployment> change_devices(const Actor& actor, domain::DeploymentId id,
                                                  const std::vector<std::string>& add,
                                                  const std::vector<std::string>& remove);
  // Replacing the list of a deployment for everyone makes it one for those listed.
  base::Result<ListChange> change_list(const Actor& actor, domain::DeploymentId id,
                                       DeviceList which, ListMode mode,
                                       const domain::KeySet& keys);
  // Every action may say why; cancelling what runs, rolling back and opening a wave by hand must.
  base::Result<domain::Deployment> act(const Actor& actor, domain::DeploymentId id,
                                       DeploymentAction action, std::string_view reason = {});
  // Ends it, and makes the deployment that takes its devices back, which runs at once: healing is
  // not delayed by an approval.
  base::Result<domain::Deployment> roll_back(const Actor& actor, domain::DeploymentId id,
                                             const BackTo& to, std::string_view reason);
  // Whatever the gate says, except behind a wave of test devices, and not instead of an approval.
  base::Result<domain::Deployment> open_next_wave(const Actor& actor, domain::DeploymentId id,
                                                  std::string_view reason);
  base::Result<domain::Deployment> approve_wave(const Actor& actor, domain::DeploymentId id,
                                                std::string_view reason);
  // The server's own steps, all of them in one change of the catalogue, each with its entry in the
  // journal; answers how many were taken: one whose deployment is not as it was is left out. At
  // most one for a deployment. An error: nothing was done.
  base::Result<size_t> take_steps(std::span<const RolloutStep> steps);
  // Told after every change that checks can see, under the service's lock. Before the first use.
  void after_change(std::function<void()> tell) { changed_ = std::move(tell); }
  // Of the last wave that is open.
  domain::GateVerdict weigh_gate(const domain::Deployment& row) const;
  // The second person's word on a deployment that awaits it. Code::forbidden for the first.
  base::Result<domain::Deployment> decide_approval(const Actor& actor, domain::DeploymentId id,
                                                   domain::ApprovalStep step,
                                                   std::string_view reason);
  base::Status delete_deployment(const Actor& actor, domain::DeploymentId id);

  base::Result<NewCredential> create_credential(const Actor& actor, const CredentialSpec& spec);
  base::Result<domain::Credential> update_credential(const Actor& actor, domain::CredentialId id,
                                                     const CredentialChange& with);
  base::Result<NewCredential> rotate_credential(const Actor& actor, domain::CredentialId id,
                                                const std::optional<std::string>& secret);
  base::Status delete_credential(const Actor& actor, domain::CredentialId id);

  // Of `with` everything but id and times. `also` is written in the same transaction.
  base::Result<domain::User> create_user(const Actor& actor, const domain::User& with);
  // `action` is what the journal calls it: "user.update".
  base::Result<domain::User> edit_user(const Actor& actor, std::string_view action,
                                       domain::UserId id, const UserChange& with,
                                       const UserEdit& edit, std::vector<WriteOp> also);
  base::Status delete_user(const Actor& actor, domain::UserId id, std::vector<WriteOp> also);

  base::Status put_setting(const Actor& actor, std::string_view name, std::string_view value);

 private:
  // The next catalogue under construction: a copy of the rows, and the writes that lead there.
  struct Draft;
  struct FileVerdict {
    std::string kind;
    std::vector<FileMismatch> overridden;  // what the spec says is right all the same
  };
  // Durable, with its entry in the journal, then visible. Without an entry when nothing differs.
  base::Status commit(Draft& draft, const Deed& deed);
  base::Status publish(Draft& draft);  // the entries are written already
  base::Result<bool> take_step(Draft& draft, const RolloutStep& step);
  // Ends `row` (of the draft) and adds the deployment that takes it back.
  base::Status roll_back_in(Draft& draft, domain::Deployment& row, const BackTo& to,
                            domain::Mover mover, std::string why);

  // Whether it reaches so many devices that a second person has to agree.
  bool needs_approval(const Draft& draft, const domain::Deployment& row) const;
  // A change of what was, or is to be, approved.
  void approve_again(const Draft& draft, domain::Deployment& row) const;
  base::Status apply(const Draft& draft, const ProductChange& with, domain::Product& row) const;
  base::Status apply(const Draft& draft, const ReleaseChange& with, domain::Release& row) const;
  base::Status apply(const Draft& draft, const GroupChange& with, domain::Group& row) const;
  base::Status apply(const Draft& draft, const KitChange& with, domain::Kit& row);
  base::Status apply(const Draft& draft, const DeploymentChange& with,
                     domain::Deployment& row) const;
  base::Status set_items(const Draft& draft, const std::vector<KitItemSpec>& items,
                         std::string_view field, domain::Kit& row);
  base::Result<NewCredential> with_secret(domain::Credential row,
                                          const std::optional<std::string>& secret);
  base::Result<UploadRow> file_of(const PackageSpec& spec, domain::TenantId tenant) const;
  // What the file is; refuses one that says it is another product's, version's or device's.
  base::Result<FileVerdict> look_at_file(const PackageSpec& spec) const;

  Engine& engine_;
  UploadService& uploads_;
  const Secrets& secrets_;
  base::Random& random_;
  std::function<void()> changed_;
  std::mutex mutex_;  // one change at a time
  HighWater ids_;     // guarded by mutex_
};

}  // namespace otaru::app
