-- SPDX-License-Identifier: MIT
-- bindings: what a function raised, in the words of AWS Lambda. The handler of xpcall around a function, for
-- `usher lambda` and for the sandbox's Lambda alike. A string is an accident and keeps its place in the file; a table
-- {message=, type= or code=} was meant to be read by the caller.
local lambda_error = {}


local function stack()
  local lines = {}
  for line in debug.traceback("", 3):gmatch("\n\t([^\n]+)") do lines[#lines + 1] = line end
  return require "json".array(lines)
end


-- -> {errorMessage=, errorType=, stackTrace={line, …}}
function lambda_error.of(err)
  local message, kind = err, "Error"
  if type(err) == "table" then message, kind = err.message or err.code, err.type or err.code or kind end
  return {
    errorMessage = message and tostring(message) or tostring(err), errorType = tostring(kind),
    stackTrace = stack(),
  }
end


-- The same without a place: nothing of a script ran.
function lambda_error.new(kind, message)
  return { errorMessage = message, errorType = kind, stackTrace = require "json".array {} }
end


return lambda_error
