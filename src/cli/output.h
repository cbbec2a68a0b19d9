// SPDX-License-Identifier: Apache-2.0
// What commands print: tables for people, JSON for programs, errors with their remedy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "cli/client.h"

namespace otaru::cli {

struct Column {
  std::string_view title;
  std::string_view member;  // of each item; "a.b" goes into objects, "" is the item
};

// Terminal columns that a text takes: CJK characters take two, combining marks none.
size_t display_width(std::string_view text);
// Text that may be shown on a terminal, whatever a server or a device put into it: control and
// escape characters (C0, C1, bytes that are no UTF-8) and what turns the direction of writing
// become harmless, so that nothing but this program moves the cursor.
std::string printable(std::string_view text);
// Compact JSON with the same promise: control characters are escaped.
std::string json_line(base::JsonView value);

// To standard output. False when nobody reads it any more or the disk is full: time to end.
bool emit(std::string_view text);
bool output_broken();
// Between these two what is emitted is kept instead of written.
void begin_capture();
std::string end_capture();
// The code, or kExitRefused with a message when the output could not be written.
int finish_output(int exit_code);

// Aligned columns, title line first; numbers to the right.
std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows);
// One "name: value" line per member, nested objects indented.
std::string format_details(base::JsonView object, size_t indent = 0);
std::string value_text(base::JsonView value);
// "dev/test" style path into an object.
base::JsonView member_at(base::JsonView object, std::string_view path);

std::string human_bytes(int64_t bytes);
// "3 of 10 MiB  30 %  2.1 MiB/s": one line, for a carriage return.
// The rate is that of what came since `begun_at`, in so many seconds.
std::string progress_line(std::string_view what, int64_t done, int64_t total, double seconds,
                          int64_t begun_at = 0);

// From here on errors are one JSON object on standard error, for --json.
void print_errors_as_json();
// Writes the problem details (or plain text) of a refused request to standard error; returns the
// exit code.
int print_refusal(const ApiReply& reply);
// The same as an error: with the whole document as its detail.
base::Error refusal_error(const ApiReply& reply);
int print_error(const base::Error& error);

}  // namespace otaru::cli
