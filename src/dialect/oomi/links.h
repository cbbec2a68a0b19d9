// SPDX-License-Identifier: Apache-2.0
// Download links, in the vendor's layout: /firmware/{product}/{model}/{hwVersion}/{file} with
// {file} = {product}-{old}-{new}-{package id}.{ext}. The id makes a link unique (variants of one
// product share names and versions) and stable. A package that not everyone may see has 16 more hex
// digits in its name that cannot be guessed: the asker's account is not known when it downloads.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/secrets.h"
#include "domain/catalogue.h"

namespace otaru::dialect::oomi {

// The four segments, undecoded ("/" in a name stays one).
struct LinkParts {
  std::string product;
  std::string model;
  std::string hw_version;
  std::string file;
};
LinkParts link_parts(const domain::Product& product, const domain::Release& release,
                     const domain::Package& package, const app::Secrets& secrets);
std::string link_path(const LinkParts& parts);

// The package a (decoded) file name speaks of; whether the link is genuine is for the caller to
// compare.
std::optional<domain::PackageId> package_of_file(std::string_view file);

std::string_view media_type_of(std::string_view file);

}  // namespace otaru::dialect::oomi
