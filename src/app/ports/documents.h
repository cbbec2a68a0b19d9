// SPDX-License-Identifier: Apache-2.0
// Parts of rows that are read and written as a whole and kept as one JSON text each: what a
// deployment says about whom and how. A member that is not in a text has its default, so that
// members can be added without a migration; what is all default is an empty text. Their texts are
// checked input, so they are UTF-8.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "domain/catalogue.h"
#include "domain/device.h"

namespace otaru::app {

template <class T>
inline constexpr bool is_document = false;
template <>
inline constexpr bool is_document<domain::Audience> = true;
template <>
inline constexpr bool is_document<std::vector<domain::Wave>> = true;
template <>
inline constexpr bool is_document<domain::Rate> = true;
template <>
inline constexpr bool is_document<domain::Windows> = true;
template <>
inline constexpr bool is_document<domain::Conditions> = true;
template <>
inline constexpr bool is_document<domain::Timeouts> = true;
template <>
inline constexpr bool is_document<domain::Watch> = true;
template <>
inline constexpr bool is_document<std::vector<domain::Brake>> = true;
template <>
inline constexpr bool is_document<domain::Rollout> = true;
template <>
inline constexpr bool is_document<std::vector<domain::Requirement>> = true;
template <>
inline constexpr bool is_document<domain::Consent> = true;

template <class T>
concept Document = is_document<T>;

// For the types above.
template <class T>
requires is_document<T>
std::string document_text(const T& value);
// False when the text is not what document_text makes; `value` is then not to be used.
template <class T>
requires is_document<T>
bool read_document(std::string_view text, T& value);

}  // namespace otaru::app
