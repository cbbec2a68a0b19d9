// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/row_rules.h"

namespace otaru::store {
namespace {

constexpr std::string_view kRestore = "restore a backup, or remove the row through the API";

constexpr RowRule kRules[] = {
    {"product_tenant", "a product belongs to a tenant that exists", kRestore,
     "select 'product ' || id from product where tenant not in (select id from tenant)", ""},
    {"release_product", "a release belongs to a product that exists", kRestore,
     "select 'release ' || id from release where product not in (select id from product)", ""},
    {"package_release", "a package belongs to a release that exists", kRestore,
     "select 'package ' || id from package where release not in (select id from release)", ""},
    {"kit_tenant", "a kit belongs to a tenant that exists", kRestore,
     "select 'kit ' || id from kit where tenant not in (select id from tenant)", ""},
    {"kit_item_kit", "an item belongs to a kit that exists",
     "an item without its kit is never shown: --repair removes it",
     "select 'kit item ' || id from kit_item where kit not in (select id from kit)",
     "delete from kit_item where kit not in (select id from kit)"},
    {"kit_item_release", "a kit holds releases that exist", kRestore,
     "select 'kit ' || kit || ' item ' || id from kit_item "
     "where release not in (select id from release)",
     ""},
    {"deployment_tenant", "a deployment belongs to a tenant that exists", kRestore,
     "select 'deployment ' || id from deployment where tenant not in (select id from tenant)", ""},
    {"deployment_target", "a deployment installs a release or a kit that exists", kRestore,
     "select 'deployment ' || id from deployment where "
     "(target_release <> 0 and target_release not in (select id from release)) or "
     "(target_kit <> 0 and target_kit not in (select id from kit)) or "
     "(target_product <> 0 and target_product not in (select id from product))",
     ""},
    {"credential_tenant", "a credential belongs to a tenant that exists", kRestore,
     "select 'credential ' || id from credential where tenant not in (select id from tenant)", ""},
    {"device_tenant", "a device belongs to a tenant that exists", kRestore,
     "select 'device ' || id from device where tenant not in (select id from tenant)", ""},
    {"device_bucket", "a device lies in the bucket that its id names", kRestore,
     "select 'device ' || id from device where b <> (id & 255)", ""},
    {"component_device", "a component belongs to a device that exists",
     "a component without its device is never shown: --repair removes it",
     "select 'component ' || slot || ' of device ' || device from component c "
     "where not exists (select 1 from device d where d.b = c.b and d.id = c.device)",
     "delete from component where not exists "
     "(select 1 from device d where d.b = component.b and d.id = component.device)"},
    {"seen_device", "a visit belongs to a device that exists",
     "a visit without its device is never shown: --repair removes it",
     "select 'visit of device ' || device from seen s "
     "where not exists (select 1 from device d where d.b = s.b and d.id = s.device)",
     "delete from seen where not exists "
     "(select 1 from device d where d.b = seen.b and d.id = seen.device)"},
    {"task_device", "a task belongs to a device that exists", kRestore,
     "select 'task ' || id from task t "
     "where not exists (select 1 from device d where d.b = t.b and d.id = t.device)",
     ""},
    {"task_history_task", "a line of history belongs to a task that exists",
     "a line without its task is never shown: --repair removes it",
     "select 'history of task ' || task from task_history h where not exists "
     "(select 1 from task t where t.b = h.b and t.device = h.device and t.id = h.task)",
     "delete from task_history where not exists (select 1 from task t where "
     "t.b = task_history.b and t.device = task_history.device and t.id = task_history.task)"},
    {"task_history_whole", "the history of a task has no gap, and nothing its task knows not of",
     kRestore,
     "select 'task ' || t.id from task t join "
     "(select b, task, count(*) as n, max(sequence) as last from task_history group by b, task) h "
     "on h.b = t.b and h.task = t.id where h.n <> h.last or h.last > t.history_count",
     ""},
    {"task_count_recount", "the counters of a deployment equal a recount of its tasks",
     "--repair counts again",
     "select 'deployment ' || coalesce(c.deployment, r.deployment) || ' ' || "
     "coalesce(c.state, r.state) from "
     "(select deployment, b, wave, state, failure, aftermath, stepping, n from task_count "
     "where n <> 0) c full outer join "
     "(select deployment, b, wave, state, failure, aftermath, stepping, count(*) as n from task "
     "group by deployment, b, wave, state, failure, aftermath, stepping) r "
     "on r.deployment = c.deployment and r.b = c.b and r.wave = c.wave and r.state = c.state "
     "and r.failure = c.failure and r.aftermath = c.aftermath and r.stepping = c.stepping "
     "where c.n is null or r.n is null or c.n <> r.n",
     "delete from task_count; insert into task_count "
     "(deployment, b, wave, state, failure, aftermath, stepping, n) "
     "select deployment, b, wave, state, failure, aftermath, stepping, count(*) from task "
     "group by deployment, b, wave, state, failure, aftermath, stepping"},
    {"failure_count_recount", "the failures of a deployment equal a recount of its tasks",
     "--repair counts again",
     "select 'deployment ' || coalesce(c.deployment, r.deployment) || ' ' || "
     "coalesce(c.failure, r.failure) from "
     "(select deployment, b, failure, result, n from failure_count where n <> 0) c "
     "full outer join (select deployment, b, failure, result, count(*) as n from task "
     "where state = 'failed' group by deployment, b, failure, result) r "
     "on r.deployment = c.deployment and r.b = c.b and r.failure = c.failure "
     "and r.result = c.result where c.n is null or r.n is null or c.n <> r.n",
     "delete from failure_count; insert into failure_count (deployment, b, failure, result, n) "
     "select deployment, b, failure, result, count(*) from task where state = 'failed' "
     "group by deployment, b, failure, result"},
    // Behind component_device: what that removes is not counted.
    {"version_count_recount", "the versions of a product equal a recount of its devices",
     "--repair counts again",
     "select 'product ' || coalesce(c.product, r.product) || ' version ' || "
     "coalesce(c.version, r.version) from "
     "(select product, b, version, n from version_count where n <> 0) c "
     "full outer join (select product, b, version, count(*) as n from component "
     "where product <> 0 group by product, b, version) r "
     "on r.product = c.product and r.b = c.b and r.version = c.version "
     "where c.n is null or r.n is null or c.n <> r.n",
     "delete from version_count; insert into version_count (product, b, version, n) "
     "select product, b, version, count(*) from component where product <> 0 "
     "group by product, b, version"},
};

}  // namespace

std::span<const RowRule> row_rules() {
  return kRules;
}

}  // namespace otaru::store
