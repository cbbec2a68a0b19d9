// SPDX-License-Identifier: Apache-2.0
// Reading the event log and what belongs to webhooks.
#include <algorithm>
#include <limits>

#include "store/sqlite/sqlite_impl.h"

namespace otaru::store {
namespace {

template <class Row>
base::Status read_all_rows(Call& call, std::vector<Row>& rows) {
  while (call.next()) call.read(rows.emplace_back());
  return call.status();
}

base::Result<int64_t> read_id(ReadScope& scope, Query query) {
  int64_t id = 0;
  Call call(scope.asking(), query);
  if (call.next()) call.read_values(id);
  OTARU_CHECK(call.status());
  return id;
}

int64_t row_limit(size_t limit) {
  return static_cast<int64_t>(
      std::min(limit, static_cast<size_t>(std::numeric_limits<int64_t>::max())));
}

}  // namespace

base::Result<std::vector<app::Event>> SqliteStore::read_events(const app::EventRange& range) {
  ReadScope scope(readers_, *options_.probe, ReadScope::Kind::statement);
  OTARU_CHECK(scope.status());
  std::vector<app::Event> rows;
  Call call(scope.asking(), range.newest_first ? Query::events_falling : Query::events_rising);
  call.bind(range.after).bind(range.before).bind(row_limit(range.limit));
  OTARU_CHECK(read_all_rows(call, rows));
  return rows;
}

base::Result<app::EventSpan> SqliteStore::event_span() {
  ReadScope scope(readers_, *options_.probe, ReadScope::Kind::transaction);
  OTARU_CHECK(scope.status());
  OTARU_TRY(oldest, read_id(scope, Query::oldest_event));
  OTARU_TRY(newest, read_id(scope, Query::newest_event));
  return app::EventSpan{oldest, newest};
}

base::Result<app::WebhookRows> SqliteStore::load_webhooks() {
  ReadScope scope(readers_, *options_.probe, ReadScope::Kind::transaction);
  OTARU_CHECK(scope.status());
  app::WebhookRows rows;
  Call webhooks(scope.asking(), Query::load_webhooks);
  OTARU_CHECK(read_all_rows(webhooks, rows.webhooks));
  Call cursors(scope.asking(), Query::load_webhook_cursors);
  OTARU_CHECK(read_all_rows(cursors, rows.cursors));
  return rows;
}

base::Result<std::vector<app::DeadLetter>> SqliteStore::list_dead_letters(app::WebhookId webhook,
                                                                          int64_t after,
                                                                          size_t limit) {
  ReadScope scope(readers_, *options_.probe, ReadScope::Kind::statement);
  OTARU_CHECK(scope.status());
  std::vector<app::DeadLetter> rows;
  Call call(scope.asking(), Query::dead_letters_of_webhook);
  call.bind(webhook).bind(after).bind(row_limit(limit));
  OTARU_CHECK(read_all_rows(call, rows));
  return rows;
}

}  // namespace otaru::store
