-- SPDX-License-Identifier: Apache-2.0
-- Sends the raw requests of a file one after the other, from the first again after the last.
-- Arguments: the file, in which a byte 0 stands between requests, and a number: "@@@@KEY@@@" stands
-- for ten digits that never come twice in one run and begin after it.
local requests, at, fresh, has_key = {}, 0, 0, false

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for request in file:read("*a"):gmatch("([^%z]+)") do requests[#requests + 1] = request end
  file:close()
  fresh = tonumber(args[2] or "0")
  has_key = requests[1]:find("@@@@KEY@@@", 1, true) ~= nil
end

function request()
  at = at % #requests + 1
  if not has_key then return requests[at] end
  fresh = fresh + 1
  return (requests[at]:gsub("@@@@KEY@@@", string.format("%010d", fresh)))
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    "@result requests=%d us=%d bytes=%d connect=%d read=%d write=%d status=%d timeout=%d p50=%d p99=%d\n",
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status,
    e.timeout, latency:percentile(50), latency:percentile(99)))
end
