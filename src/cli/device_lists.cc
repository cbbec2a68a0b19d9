// SPDX-License-Identifier: Apache-2.0
// `otaru deployment put-devices|export-devices`: the long lists of a deployment as files.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/process.h"
#include "cli/special.h"

namespace otaru::cli {
namespace {

using base::Code;

base::Result<std::string> list_path(const DeviceListArgs& args, Session& session) {
  OTARU_TRY(id, resolve(Names::deployment, args.deployment, session.client));
  return "/api/v1/deployments/" + std::to_string(id) +
         (args.excluded ? "/excluded-devices" : "/devices");
}

int64_t member(base::JsonView row, std::string_view name) {
  return row.find(name).integer().value_or(0);
}

}  // namespace

int put_device_list(const DeviceListArgs& args, Session& session) {
  std::ifstream file;
  const bool from_input = args.file == "-";
  if (!from_input) file.open(args.file, std::ios::binary);
  if (!from_input && !file) {
    return print_error(
        {Code::invalid, "cannot read " + args.file + ": " + std::strerror(errno), {}});
  }
  std::istream& in = from_input ? std::cin : file;
  const auto path = list_path(args, session);
  if (!path) return print_error(path.error());
  ApiRequest request;
  request.method = "PUT";
  request.path = *path + "?mode=" + args.mode;
  request.content_type = "text/csv";
  request.read = [&in](char* buffer, size_t size) {
    in.read(buffer, static_cast<std::streamsize>(size));
    return static_cast<size_t>(in.gcount());
  };
  const auto reply = session.client.send(request);
  if (!reply) return print_error(reply.error());
  if (!reply->good()) return print_refusal(*reply);
  if (session.json) {
    emit(reply->body + "\n");
    return kExitOk;
  }
  const auto answer = base::JsonDocument::parse(reply->body);
  if (!answer) return print_error(answer.error());
  const auto row = answer->root();
  std::string out = std::to_string(member(row, "keys")) + " keys: ";
  for (const auto* name : {"added", "removed", "unchanged"}) {
    out += std::to_string(member(row, name)) + " " + name + ", ";
  }
  emit(out + std::to_string(member(row, "count")) + " in the list now\n");
  return kExitOk;
}

int export_device_list(const DeviceListArgs& args, Session& session) {
  const auto path = list_path(args, session);
  if (!path) return print_error(path.error());
  const bool to_file = !args.file.empty() && args.file != "-";
  const std::string part = args.file + ".part";
  std::ofstream out;
  if (to_file) out.open(part, std::ios::binary | std::ios::trunc);
  if (to_file && !out) {
    return print_error({Code::invalid, "cannot write " + part + ": " + std::strerror(errno), {}});
  }
  ApiRequest request;
  request.path = *path + "/export";
  request.write = [&](std::string_view piece) {
    if (!to_file) return emit(piece);
    return static_cast<bool>(out.write(piece.data(), static_cast<std::streamsize>(piece.size())));
  };
  const auto reply = session.client.send(request);
  if (to_file) out.close();
  const bool whole = reply && reply->good() && (!to_file || out.good());
  if (!whole && to_file) ::unlink(part.c_str());
  if (!reply) return print_error(reply.error());
  if (!reply->good()) return print_refusal(*reply);
  if (!to_file) return kExitOk;
  std::error_code renamed;
  if (whole) std::filesystem::rename(part, args.file, renamed);
  if (whole && !renamed) return kExitOk;
  return print_error({Code::internal, "cannot write " + args.file, {}});
}

}  // namespace otaru::cli
