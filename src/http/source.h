// SPDX-License-Identifier: Apache-2.0
// Bodies of answers that are made over time: event streams, exports. A Response with a source is
// sent chunked (to HTTP/1.0: until the connection ends), as fast as the client takes it: the source
// is asked for the next piece when the last one has left, so that what is in memory is bounded
// however slow the client is. No thread waits for a stream.
//
//   http::Response response(200);
//   response.header("Content-Type", "application/x-ndjson").slot(http::Slot::connection);
//   response.stream(http::make_pooled_source(post, [cursor](std::string& out) mutable {
//     ...                          // on a worker: append the next page to `out`, may block
//     return there_is_more;        // base::Result<bool>
//   }));
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace otaru::http {

// Asked by one I/O thread; nothing here may block. Destroyed when all has been said or when the
// client goes away, on any thread.
class BodySource {
 public:
  enum class More {
    ready,  // something was appended; ask again when it has left
    later,  // nothing now: wake() will say when to ask again
    end,    // what was appended, if anything, was the last
    error,  // it cannot go on: the connection is cut, so that the client sees no proper end
  };
  virtual ~BodySource();
  // Once, before anything is asked. `wake` may be called on any thread, as often as one likes, also
  // after the source has gone; one that comes while more() runs is not lost.
  virtual void on_ready(std::function<void()> wake) = 0;
  // Appends about `room` bytes at most.
  virtual More more(std::string& out, size_t room) = 0;
  // Nothing was sent for a while (kStreamIdleMs): may append what keeps the connection open.
  virtual void idle(std::string& out);
  // The server is stopping: come to an end soon.
  virtual void drain();
};

// Makes the next piece of a body: appends to `out`, and says whether there is more. Called on a
// worker thread, by one at a time; may block.
using Producer = std::function<base::Result<bool>(std::string& out)>;
// Has a job run on a worker thread.
using Post = std::function<void(std::function<void()>)>;

// A source whose pieces are made by jobs on a worker pool: one job per piece, and none while
// kSourceBufferBytes wait for the client, so that a slow client holds no worker. The producer is
// destroyed on a worker too. `post` outlives the source.
std::shared_ptr<BodySource> make_pooled_source(Post post, Producer producer);

}  // namespace otaru::http
