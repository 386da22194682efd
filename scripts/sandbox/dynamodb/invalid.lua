-- SPDX-License-Identifier: MIT
-- Refuses a request with a ValidationException: invalid(message), or invalid(format, ...). Raises.
local failure = require "sandbox.failure"

return function(message, ...)
  failure("ValidationException", select("#", ...) > 0 and message:format(...) or message)
end
