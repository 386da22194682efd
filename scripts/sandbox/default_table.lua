-- SPDX-License-Identifier: MIT
-- The one table of the sandbox, made when it is not there yet: as a deployment would make it, with the sandbox's own
-- operations.
local operations = require "sandbox.dynamodb.init".operations
local settings = require "sandbox.settings"

local function exists(name)
  for _, known in ipairs(operations.ListTables({}, {}).TableNames) do
    if known == name then return true end
  end
  return false
end

return function()
  local name = settings.table
  if exists(name) then return end
  operations.CreateTable({
    TableName = name,
    BillingMode = "PAY_PER_REQUEST",
    AttributeDefinitions = {
      { AttributeName = "pk", AttributeType = "S" },
      { AttributeName = "sk", AttributeType = "S" },
    },
    KeySchema = { { AttributeName = "pk", KeyType = "HASH" }, { AttributeName = "sk", KeyType = "RANGE" } },
  }, {})
  operations.UpdateTimeToLive({
    TableName = name,
    TimeToLiveSpecification = { Enabled = true, AttributeName = "expires_at" },
  }, {})
end
