// SPDX-License-Identifier: Apache-2.0
// Brings a database to the newest schema. Each migration is one file of migrations/, applied in a
// transaction of its own together with its line in schema_version.
#pragma once

#include "store/sqlite/connection.h"

namespace otaru::store {

// Code::precondition when the database has migrations that this program does not know,
// Code::invalid when it is a database of another program.
base::Status migrate(Connection& connection);

// The schema that is there; 0 for a new file. Code::invalid as above.
base::Result<int64_t> schema_version_of(Connection& connection);

// Only up to this version: for tests that make old databases.
base::Status migrate_to(Connection& connection, int64_t version);

}  // namespace otaru::store
