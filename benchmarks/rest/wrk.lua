-- wrk script: sends one request after the other, path by path, and prints one line of JSON at the end.
-- The environment: BENCH_METHOD; BENCH_BODY, in which {n} becomes a number that no other run uses; BENCH_SEED, the
-- start of that number; BENCH_PATHS and BENCH_HEADERS, files with a path or a "Name: value" a line.
local method, body, seed = os.getenv("BENCH_METHOD"), os.getenv("BENCH_BODY"), os.getenv("BENCH_SEED")
local headers, paths, prepared, sent = {}, {}, {}, 0
for line in io.lines(os.getenv("BENCH_HEADERS")) do
  local name, value = line:match("^([^:]+):%s*(.*)$")
  headers[name] = value
end
for line in io.lines(os.getenv("BENCH_PATHS")) do paths[#paths + 1] = line end

function init()
  if body ~= "" then return end
  for number, path in ipairs(paths) do prepared[number] = wrk.format(method, path, headers) end
end

function request()
  sent = sent + 1
  local number = (sent - 1) % #paths + 1
  return prepared[number] or wrk.format(method, paths[number], headers, (body:gsub("{n}", seed .. "-" .. sent)))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"errors":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
