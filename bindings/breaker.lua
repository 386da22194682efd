-- SPDX-License-Identifier: MIT
-- bindings: a circuit breaker for a service that does not take our key. One for each service and process, whatever
-- worker asks: what is refused is a mark, and who may try it again has a limit. stripe.lua owns one and tells it what
-- came of each call. Nothing here yields.

local breaker = {}
breaker.__index = breaker

local KEY <const> = "key" -- refused as a whole; else a right that the key lacks


-- parts: service, look_at (the setting that is wrong), metric, pause() -> seconds between two tries; marks, limiter,
-- log, metrics.
function breaker.new(parts)
  local self = setmetatable({ parts = parts, prefix = "breaker " .. parts.service .. " " }, breaker)
  self:show()
  return self
end


function breaker:show()
  self.parts.metrics.gauge(self.parts.metric, self:is_open() and 1 or 0)
end


function breaker:is_open()
  return self.parts.marks.count(self.prefix) > 0
end


-- -> list of what is refused: "key", or rights
function breaker:refusals()
  local list = self.parts.marks.list(self.prefix)
  for i, name in ipairs(list) do list[i] = name:sub(#self.prefix + 1) end
  return list
end


-- While it is open: one call in each pause may go through, to see. -> true | false, seconds
function breaker:may_try()
  return self.parts.limiter.take("breaker", self.parts.service, 1 / self.parts.pause(), 1)
end


-- A call that needs this right was answered 401 or 403. Said once, loudly.
function breaker:refused(right, err)
  local parts, what = self.parts, err.status == 401 and KEY or right
  if not parts.marks.add(self.prefix .. what) then return end
  self:may_try()
  self:show()
  parts.log.error("breaker_opened", {
    service = parts.service, refused = what, status = err.status, error_code = err.code,
    upstream_request_id = err.request_id, look_at = parts.look_at,
    next = "nothing is asked of it, but once in a while, until it takes the key again",
  })
end


-- A call that needs this right was let in.
function breaker:accepted(right)
  if not self:is_open() then return end
  local parts = self.parts
  local known = parts.marks.remove(self.prefix .. KEY)
  local had_right = parts.marks.remove(self.prefix .. right)
  if not (known or had_right) then return end
  self:show()
  if not self:is_open() then parts.log.info("breaker_closed", { service = parts.service }) end
end


return breaker
