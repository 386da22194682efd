-- SPDX-License-Identifier: MIT
-- For the specs of this folder: what the service says to one call, and to rows of calls one after the other.
local assert = require "luassert"
local json = require "json"
local dynamodb = require "sandbox.dynamodb"
local failure = require "sandbox.failure"

local service = {}

-- call(operation, JSON text) -> its answer as JSON, "" when it has none, or "Code: message".
function service.call(operation, input)
  local fine, answer = pcall(dynamodb.operations[operation], assert(json.decode(input, { depth = 80 })))
  if fine then return answer and json.encode(answer, { sorted = true }) or "" end
  if not failure.is(answer) then error(answer, 0) end
  return answer.code .. ": " .. (answer.message or "")
end

-- it: busted's, of the spec. cases: list of { operation, JSON text, what the service says }
function service.check(it, cases)
  for _, case in ipairs(cases) do
    it(case[1] .. " " .. case[2], function() assert.equal(case[3], service.call(case[1], case[2])) end)
  end
end

return service
