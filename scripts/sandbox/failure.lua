-- SPDX-License-Identifier: MIT
-- The one way in which a sandboxed AWS operation refuses: failure(code, message, extra, status) raises,
-- the frame (aws_json) turns it into the vendor's bytes. `extra` are further members of the error body.
local failure = {}

local mt = {
  __name = "failure",
  __tostring = function(e) return e.code .. ": " .. (e.message or "") end,
}

function failure.is(value)
  return getmetatable(value) == mt
end

-- For xpcall: a refusal as it is; anything else, with its traceback, is our own fault.
function failure.trace(e)
  if failure.is(e) then return e end
  return { unexpected = true, text = debug.traceback(tostring(e), 2) }
end

return setmetatable(failure, {
  __call = function(_, code, message, extra, status)
    error(setmetatable({ code = code, message = message, extra = extra, status = status or 400 }, mt), 0)
  end,
})
