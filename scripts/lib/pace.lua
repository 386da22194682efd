-- SPDX-License-Identifier: MIT
-- Caps the calls of a whole command: every request to any service waits for its turn, repetitions included.
-- For commands that walk far; never in a server.
local clock, http = require "clock", require "http"

local pace = {}


-- From now on no more than `rate` calls a second.
function pace.limit(rate)
  local fetch, free_at = http.fetch, 0
  http.fetch = function(request)
    local now = clock.monotonic()
    local turn = math.max(now, free_at)
    free_at = turn + 1 / rate
    if turn > now then clock.sleep(turn - now) end
    return fetch(request)
  end
end


return pace
