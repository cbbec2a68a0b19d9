// SPDX-License-Identifier: Apache-2.0
// An HTTP client for tests: the test says what receivers answer, and sees what they were sent.
#pragma once

#include <deque>
#include <vector>

#include "app/ports/http_client.h"

namespace otaru::tests {

class ScriptedHttp final : public app::HttpClient {
 public:
  base::Result<app::HttpReply> send(const app::HttpRequest& request) override {
    sent.push_back(request);
    if (answers.empty()) return reply(204);
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
  void stop() override { stopped = true; }

  static base::Result<app::HttpReply> reply(int status) {
    app::HttpReply out;
    out.status = status;
    return out;
  }
  void fail(int count) {
    for (int i = 0; i < count; ++i) answers.push_back(reply(500));
  }

  std::deque<base::Result<app::HttpReply>> answers;  // then 204 for ever
  std::vector<app::HttpRequest> sent;
  bool stopped = false;
};

}  // namespace otaru::tests
