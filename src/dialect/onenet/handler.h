// SPDX-License-Identifier: Apache-2.0
// The dialect: typed parameters in, verbs of the device gateway, typed answers out. Private to this
// folder; others see onenet.h.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "dialect/onenet/codec.h"
#include "dialect/onenet/keyring.h"
#include "dialect/onenet/onenet.h"

namespace otaru::dialect::onenet {

// A value, or the refusal the device gets.
template <class T>
using Answer = tl::expected<T, Outcome>;

class Onenet final : public Dialect {
 public:
  Onenet(OnenetConfig config, const app::Secrets& secrets);

  std::string_view name() const override { return "onenet"; }
  domain::CheckDefaults check_defaults() const override;
  std::span<const Route> routes() const override;
  http::BodyMode body_mode(const Route& route, const http::Request& head) const override;
  http::Response handle(const Route& route, const http::Request& request, const RequestFacts& facts,
                        app::DeviceGateway& gateway) override;
  http::Response failure(const Route& route, const http::Request& request,
                         const base::Error& error) override;
  http::Response refuse(const Route& route, int status, std::string_view why) override;

 private:
  // One request under way.
  struct Call {
    const http::Request& request;
    const RequestFacts& facts;
    app::DeviceGateway& gateway;
    Params params;
  };
  struct FoundTask {
    app::DeviceRef device;
    const domain::Task* task = nullptr;  // valid until the next changing verb
    bool fresh = false;                  // the token is the newest one and has not expired
  };

  // handler.cc: one function per endpoint. The text is the body of a success.
  Answer<std::string> answer_json(int tag, Call& call) const;
  Answer<std::string> post_version(Call& call) const;
  Answer<std::string> get_version(Call& call) const;
  Answer<std::string> dev_info(Call& call) const;

  // admission.cc: who may ask, and for which device.
  Answer<app::DeviceRef> admit(Call& call, std::string_view dev_id) const;
  Answer<app::DeviceRef> admit(Call& call) const;  // by the parameter dev_id

  // check.cc
  Answer<std::string> check(Call& call) const;
  Answer<std::string> tasking(Call& call) const;
  Answer<std::string> task_answer(Call& call, app::DeviceRef device, domain::TaskId task,
                                  bool wants_ip_port) const;

  // task_calls.cc: what is asked with a token.
  Answer<FoundTask> find_task(Call& call, app::DeviceRef device, std::string_view token) const;
  Answer<FoundTask> find_task_of_anybody(Call& call, std::string_view token) const;
  Answer<std::string> check_token(Call& call) const;
  Answer<std::string> progress(Call& call) const;
  Answer<std::string> report(Call& call) const;
  http::Response download(Call& call) const;
  bool is_fresh(const domain::Task& task, int64_t generation, base::Time now) const;
  base::Status start_download(Call& call, const FoundTask& found) const;

  OnenetConfig config_;
  mutable Keyring keyring_;  // a cache; any thread
  const domain::CheckDefaults defaults_;
};

// The task's state, or paused while its deployment is, or the device is blocked.
domain::TaskState effective_state(const app::DeviceGateway& gateway, app::DeviceRef device,
                                  const domain::Task& task);

}  // namespace otaru::dialect::onenet
