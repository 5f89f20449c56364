-- Posts the body in BENCH_BODY. Each answer must have status 200 and as many bytes as the one that was checked.
wrk.method = "POST"
wrk.body = os.getenv("BENCH_BODY")
wrk.headers["Content-Type"] = "application/json"

local expected = tonumber(os.getenv("BENCH_BYTES"))
local threads = {}
bad = 0
first = ""

function setup(thread)
  table.insert(threads, thread)
end

function response(status, headers, body)
  if status ~= 200 or #body ~= expected then
    bad = bad + 1
    if bad == 1 then first = status .. " " .. body:sub(1, 500) end
  end
end

function done(summary, latency, requests)
  local wrong, example = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("bad")
    if example == "" then example = thread:get("first") end
  end
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %s\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    wrong + errors.connect + errors.read + errors.write + errors.timeout, example:gsub("\n", " ")))
end
