-- SPDX-License-Identifier: MIT
-- fail(status, code[, fields[, extra]]): the visitor's fault. Leaves the flow from any depth; the answer has
-- the shape and the codes of the README. fields: list of { field =, code =, message = }. extra: { message =,
-- retry_after = seconds, headers = {} }. Any other error is ours: a 500 with the traceback in the log.
local failure = {}
failure.__index = failure

function failure.__tostring(f)
  return ("%d %s: %s"):format(f.status, f.code, f.message)
end

local MESSAGES = {
  invalid_input = "Some fields need another look.",
  not_found = "There is nothing at this address.",
  method_not_allowed = "This address does not take this method.",
  bad_request = "The request cannot be read.",
  unsupported_media_type = "Send JSON with Content-Type: application/json.",
  internal_error = "Something went wrong on our side. Please try again.",
  try_again = "This could not be finished just now. What you sent is kept: please try again.",
}

local fail = {}

-- Tells a fail() apart from any other error value.
function fail.is(value)
  return getmetatable(value) == failure
end

return setmetatable(fail, {
  __call = function(_, status, code, fields, extra)
    extra = extra or {}
    if math.type(status) ~= "integer" or status < 400 or status > 599 or type(code) ~= "string" then
      error(("fail(%s, %s): a status from 400 to 599 and a code"):format(status, code), 2)
    end
    error(setmetatable({
      status = status,
      code = code,
      fields = fields,
      message = extra.message or MESSAGES[code] or code:gsub("_", " "),
      retry_after = extra.retry_after,
      headers = extra.headers,
    }, failure), 0)
  end,
})
