-- SPDX-License-Identifier: Apache-2.0
-- Sends the raw requests of a file one after the other, from the first again after the last.
-- Argument: the file; requests are separated by a byte 0. "@KEY@" stands for a number that never
-- comes twice in one run.
local requests, at, fresh, heads = {}, 0, 0, nil

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for request in file:read("*a"):gmatch("([^%z]+)") do requests[#requests + 1] = request end
  file:close()
  fresh = tonumber(args[2] or "0")
  heads = requests[1]:find("@KEY@", 1, true) ~= nil
end

function request()
  at = at % #requests + 1
  if not heads then return requests[at] end
  fresh = fresh + 1
  return (requests[at]:gsub("@KEY@", tostring(fresh)))
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    "@result requests=%d us=%d bytes=%d connect=%d read=%d write=%d status=%d timeout=%d p50=%d p99=%d\n",
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status,
    e.timeout, latency:percentile(50), latency:percentile(99)))
end
