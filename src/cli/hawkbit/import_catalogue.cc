// SPDX-License-Identifier: Apache-2.0
// Types, tags, modules, sets, filters and rollouts.
#include <unistd.h>

#include "base/limits.h"
#include "cli/hawkbit/importer.h"
#include "cli/hawkbit/rsql.h"
#include "domain/version.h"

namespace otaru::cli::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;
using Told = Report::Result;

std::string name_in(base::JsonView item) {
  return std::string(item.find("name").text().value_or(""));
}

std::string title_of(const Module& module) {
  return module.name + " " + module.version;
}

std::string title_of(const DistributionSet& set) {
  return set.name + " " + set.version;
}

}  // namespace

// --- Types and tags
// -------------------------------------------------------------------------------

base::Status Importer::run_others() {
  state_.tally = {};  // nothing here took effect: a stopped try is done again from the start
  const auto inside = [&](Kind kind) {
    return [this, kind](base::JsonView item) -> base::Status {
      count(kind).inside += 1;
      const auto description = item.find("description").text().value_or("");
      if (kind == Kind::target_tag && !description.empty()) {
        report_.add(kind, name_in(item), Told::partly, "tags have no description here");
      }
      return {};
    };
  };
  const auto none = [&](Kind kind, const char* reason) {
    return [this, kind, reason](base::JsonView item) -> base::Status {
      not_mapped(kind, name_in(item), reason);
      return {};
    };
  };
  OTARU_CHECK(others(Kind::target_type, "/rest/v1/targettypes", inside(Kind::target_type)));
  OTARU_CHECK(others(Kind::module_type, "/rest/v1/softwaremoduletypes", inside(Kind::module_type)));
  OTARU_CHECK(others(Kind::set_type, "/rest/v1/distributionsettypes",
                     none(Kind::set_type, "kits have no types: a kit is what it holds")));
  OTARU_CHECK(others(Kind::target_tag, "/rest/v1/targettags", inside(Kind::target_tag)));
  return others(Kind::set_tag, "/rest/v1/distributionsettags",
                none(Kind::set_tag, "kits have no tags; their channel is the name of the set"));
}

base::Status Importer::tell_metadata(Kind kind, const std::string& name, const std::string& path) {
  const auto page = hawkbit_.get(path + "/metadata?offset=0&limit=1");
  if (!page) {
    const Code code = page.error().code;
    if (code == Code::not_found || code == Code::forbidden) return {};
    return base::fail(page.error());
  }
  const auto root = page->root();
  const int64_t entries = root.is_array() ? static_cast<int64_t>(root.size())
                                          : root.find("total").integer().value_or(0);
  if (entries > 0) {
    report_.add(kind, name, Told::partly,
                std::to_string(entries) + " metadata: releases and kits have none here");
  }
  return {};
}

// --- Modules
// --------------------------------------------------------------------------------------

base::Result<std::vector<Artifact>> Importer::artifacts_of(int64_t module) {
  OTARU_TRY(list,
            hawkbit_.get("/rest/v1/softwaremodules/" + std::to_string(module) + "/artifacts"));
  const auto root = list.root();
  return read_artifacts(root.is_array() ? root : root.find("content"));
}

base::Result<std::vector<Part>> Importer::parts_of_module(const Module& module) {
  const auto known = parts_.find(module.id);
  if (known != parts_.end()) return known->second;
  OTARU_TRY(artifacts, artifacts_of(module.id));
  if (parts_.size() >= limits::kHawkbitModulesCached) parts_.clear();
  return parts_[module.id] = parts_of(module, artifacts);
}

// A product's scheme has to take all its versions, so that they are looked at first.
base::Status Importer::guess_schemes() {
  return hawkbit_.for_each(
      {"/rest/v1/softwaremodules", "id:ASC", 0, static_cast<int64_t>(limits::kReleasesMax)},
      [&](base::JsonView item) -> base::Status {
        const Module module = read_module(item);
        schemes_[{module.name, module.type}].add(module.version);
        if (schemes_.size() <= limits::kProductsMax) return {};
        return base::fail(Code::too_large, "hawkBit has modules of more than " +
                                               std::to_string(limits::kProductsMax) + " names");
      });
}

base::Status Importer::run_modules() {
  OTARU_CHECK(guess_schemes());
  int64_t number = 0;
  return hawkbit_.for_each_page(
      {"/rest/v1/softwaremodules", "id:ASC", 0, static_cast<int64_t>(limits::kReleasesMax)},
      [&](const Management::Page& page) -> base::Status {
        for (size_t i = 0; i < page.content.size(); ++i) {
          const Module module = read_module(page.content.at(i));
          ++number;
          if (module.id <= state_.place) continue;  // of an earlier try
          show("software module " + std::to_string(number) + " of " + std::to_string(page.total) +
               "  " + title_of(module));
          OTARU_CHECK(take_module(module));
          state_.place = module.id;
          OTARU_CHECK(save());
        }
        return {};
      });
}

base::Status Importer::take_module(const Module& module) {
  const std::string title = title_of(module);
  // What it does to the tally counts when it is over.
  const auto refuse = [&](const std::string& reason) -> base::Status {
    count(Kind::module).read += 1;
    not_mapped(Kind::module, title, reason);
    return {};
  };
  if (module.deleted) return refuse("it is deleted in hawkBit");
  OTARU_TRY(artifacts, artifacts_of(module.id));
  if (artifacts.empty()) return refuse("it has no artifact, and a release is a file");
  const auto parts = parts_of(module, artifacts);
  const Tally before = state_.tally;
  Done all = Done::there;
  std::string missing;
  for (const auto& part : parts) {
    const Artifact& artifact = artifacts[part.artifact];
    auto taken = take_artifact(module, artifact, part);
    if (!taken && ends_import(taken.error())) {
      state_.tally = before;
      return base::fail(taken.error());
    }
    count(Kind::artifact).read += 1;
    if (!taken) {
      not_mapped(Kind::artifact, title + ": " + artifact.file_name, taken.error().message);
      missing = artifact.file_name;
      continue;
    }
    done(Kind::artifact, *taken);
    if (*taken == Done::written) all = Done::written;
    if (part.artifact > 0) {
      report_.add(Kind::artifact, title + ": " + artifact.file_name, Told::differs,
                  "it is a product of its own, " + part.product +
                      ": a module with several artifacts is several products here");
    }
  }
  OTARU_CHECK(
      tell_metadata(Kind::module, title, "/rest/v1/softwaremodules/" + std::to_string(module.id)));
  if (!missing.empty()) {
    return refuse("its artifact " + missing + " could not be taken over");
  }
  if (!module.vendor.empty()) {
    report_.add(Kind::module, title, Told::partly,
                "vendor '" + module.vendor + "': products have none here");
  }
  count(Kind::module).read += 1;
  done(Kind::module, all);
  return {};
}

base::Result<Done> Importer::take_artifact(const Module& module, const Artifact& artifact,
                                           const Part& part) {
  if (artifact.size_bytes == 0) return base::fail(Code::invalid, "it is empty");
  if (artifact.sha256.empty() && artifact.sha1.empty()) {
    return base::fail(Code::invalid, "hawkBit tells no hash of it");
  }
  if (options_.dry_run) {
    OTARU_TRY(product, otaru_.find_product(part));
    if (!product) return Done::written;
    OTARU_TRY(release, otaru_.find_release(*product, part.version));
    return release ? Done::there : Done::written;
  }
  OTARU_TRY(product, otaru_.ensure_product(part, schemes_[{module.name, module.type}].scheme()));
  const std::string path =
      options_.files + "/artifact-" + std::to_string(module.id) + "-" + std::to_string(artifact.id);
  auto taken = otaru_.ensure_release(product, module, artifact, [&]() -> base::Result<std::string> {
    OTARU_CHECK(hawkbit_.download(module.id, artifact, path, [&](int64_t bytes) {
      show(progress_line("fetching " + artifact.file_name, bytes, artifact.size_bytes, 0));
    }));
    return path;
  });
  // It stays only when the same import will need it once more.
  if (taken || !ends_import(taken.error())) ::unlink(path.c_str());
  return taken;
}

// --- Sets
// -----------------------------------------------------------------------------------------

base::Status Importer::run_sets() {
  int64_t number = 0;
  return hawkbit_.for_each_page(
      {"/rest/v1/distributionsets", "id:ASC", 0, static_cast<int64_t>(limits::kKitsMax)},
      [&](const Management::Page& page) -> base::Status {
        for (size_t i = 0; i < page.content.size(); ++i) {
          DistributionSet set = read_set(page.content.at(i));
          ++number;
          if (set.id <= state_.place) continue;
          show("distribution set " + std::to_string(number) + " of " + std::to_string(page.total) +
               "  " + title_of(set));
          const int64_t id = set.id;
          OTARU_CHECK(take_set(std::move(set)));
          state_.place = id;
          OTARU_CHECK(save());
        }
        return {};
      });
}

base::Status Importer::read_modules_of(DistributionSet& set) {
  if (set.lists_modules) return {};
  return hawkbit_.for_each({"/rest/v1/distributionsets/" + std::to_string(set.id) + "/assignedSM",
                            "id:ASC", 0, limits::kHawkbitPerTargetMax},
                           [&](base::JsonView item) -> base::Status {
                             set.modules.push_back(read_module(item));
                             return {};
                           });
}

base::Result<std::vector<int64_t>> Importer::releases_of(const DistributionSet& set) {
  std::vector<int64_t> out;
  for (const auto& module : set.modules) {
    const std::string title = "its module " + title_of(module);
    OTARU_TRY(parts, parts_of_module(module));
    if (parts.empty()) return base::fail(Code::not_found, title + " has no artifact");
    for (const auto& part : parts) {
      if (options_.dry_run) continue;  // there will be one
      OTARU_TRY(product, otaru_.find_product(part));
      if (!product) return base::fail(Code::not_found, title + " was not taken over");
      OTARU_TRY(release, otaru_.find_release(*product, part.version));
      const bool good = release && (release->state == "published" ||
                                    (options_.draft && release->state == "draft"));
      if (!good) {
        return base::fail(Code::not_found, title + (release ? " is " + release->state + " here"
                                                            : std::string(" was not taken over")));
      }
      out.push_back(release->id);
    }
  }
  return out;
}

base::Status Importer::take_set(DistributionSet set) {
  const std::string title = title_of(set);
  const auto refuse = [&](const std::string& reason) -> base::Status {
    count(Kind::set).read += 1;
    not_mapped(Kind::set, title, reason);
    return {};
  };
  if (set.deleted) return refuse("it is deleted in hawkBit");
  const domain::VersionFormat dotted{domain::VersionScheme::dotted, {}};
  if (const auto fits = domain::validate_version(dotted, set.version); !fits) {
    return refuse("a kit's version is numbers with dots between them: " + fits.error().message);
  }
  const std::string channel = channel_of(set.name);
  if (channel.empty()) {
    return refuse(
        "its name cannot be made the name of a channel (a-z, 0-9, '.', '_', '-', at "
        "most 64)");
  }
  OTARU_CHECK(read_modules_of(set));
  if (set.modules.empty()) return refuse("it has no modules");
  const auto releases = releases_of(set);
  if (!releases) {
    return ends_import(releases.error()) ? base::fail(releases.error())
                                         : refuse(releases.error().message);
  }
  base::Result<Done> taken = Done::written;
  if (!options_.dry_run) {
    taken = otaru_.ensure_kit({channel, set.version, set.description, *releases});
  }
  if (!taken) {
    return ends_import(taken.error()) ? base::fail(taken.error()) : refuse(taken.error().message);
  }
  OTARU_CHECK(
      tell_metadata(Kind::set, title, "/rest/v1/distributionsets/" + std::to_string(set.id)));
  if (channel != set.name) {
    report_.add(Kind::set, title, Told::differs, "its kit is in the channel '" + channel + "'");
  }
  if (set.required_migration_step) {
    report_.add(Kind::set, title, Told::partly,
                "required migration step: see min_version of releases");
  }
  count(Kind::set).read += 1;
  done(Kind::set, *taken);
  return {};
}

// --- Filters and rollouts
// -------------------------------------------------------------------------

base::Status Importer::run_filters() {
  count(Kind::filter) = {};
  return others(Kind::filter, "/rest/v1/targetfilters", [&](base::JsonView item) -> base::Status {
    return take_filter(read_target_filter(item));
  });
}

base::Status Importer::take_filter(const TargetFilter& filter) {
  const auto made = translate_rsql(filter.query);
  if (!made) {
    not_mapped(Kind::filter, filter.name, filter.query + ": " + made.error().message);
    return {};
  }
  base::Result<Done> taken = Done::written;
  if (!options_.dry_run) {
    taken = otaru_.ensure_group(filter.name, made->filter, "hawkBit: " + filter.query);
  }
  if (!taken) {
    if (ends_import(taken.error())) return base::fail(taken.error());
    not_mapped(Kind::filter, filter.name, taken.error().message);
    return {};
  }
  for (const auto& note : made->notes) {
    report_.add(Kind::filter, filter.name, Told::differs, note);
  }
  if (filter.auto_assigns) {
    report_.add(Kind::filter, filter.name, Told::partly,
                "its auto-assignment: make a deployment of the kit for this group");
  }
  done(Kind::filter, *taken);
  return {};
}

base::Status Importer::run_rollouts() {
  count(Kind::rollout) = {};
  return others(Kind::rollout, "/rest/v1/rollouts", [&](base::JsonView item) -> base::Status {
    not_mapped(Kind::rollout, name_in(item),
               "it is " + std::string(item.find("status").text().value_or("there")) +
                   " in hawkBit; what is still to be done is a deployment here");
    return {};
  });
}

}  // namespace otaru::cli::hawkbit
