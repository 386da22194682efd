-- SPDX-License-Identifier: MIT
-- For the specs of this folder: call(operation, JSON text) -> what the service says: its answer, or "Code: message".
local json = require "json"
local dynamodb = require "sandbox.dynamodb"
local failure = require "sandbox.failure"

return function(operation, input)
  local fine, answer = pcall(dynamodb.operations[operation], assert(json.decode(input, { depth = 80 })))
  if fine then return json.encode(answer, { sorted = true }) end
  if not failure.is(answer) then error(answer, 0) end
  return answer.code .. ": " .. (answer.message or "")
end
