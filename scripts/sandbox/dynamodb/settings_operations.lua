-- SPDX-License-Identifier: MIT
-- What belongs to a table but not to its schema: time to live, tags, and the account's answers about itself.
-- Expired items stay: DynamoDB itself removes them only within days.
local failure = require "sandbox.failure"
local json = require "json"
local tables = require "sandbox.dynamodb.tables"

local operations = {}

function operations.DescribeTimeToLive(input)
  local ttl = tables.get_named(input.TableName).extra.ttl
  local description = { TimeToLiveStatus = ttl and "ENABLED" or "DISABLED", AttributeName = ttl }
  return { TimeToLiveDescription = description }
end

function operations.UpdateTimeToLive(input)
  local tab, wanted = tables.get_named(input.TableName), input.TimeToLiveSpecification
  local current = tab.extra.ttl
  if wanted.Enabled and current then
    failure("ValidationException", current == wanted.AttributeName and "TimeToLive is already enabled"
      or "TimeToLive is active on a different AttributeName: current AttributeName is " .. current)
  end
  if not wanted.Enabled then
    if not current then failure("ValidationException", "TimeToLive is already disabled") end
    if current ~= wanted.AttributeName then
      failure("ValidationException", "TimeToLive is active on a different AttributeName: current "
        .. "AttributeName is "
        .. current)
    end
  end
  tab.extra.ttl = wanted.Enabled and wanted.AttributeName or nil
  tables.save(tab)
  return { TimeToLiveSpecification = wanted }
end

-- --- tags ---

local function tagged(input, operation)
  local arn = input.ResourceArn
  if not arn then failure("ValidationException", "Invalid TableArn") end
  if not arn:find("^.+:.+:.+:.+:.+:.+/.+$") then
    failure("AccessDeniedException", ("User: arn:aws:iam::000000000000:root is not authorized to perform: "
      .. "dynamodb:%s "
      .. "on resource: %s"):format(operation, arn))
  end
  return function() -- the table, once the rest of the request has been looked at
    local name = arn:match("^arn:aws:dynamodb:[^:]+:%d+:table/([^/][^/][^/]+)$")
    if not name then
      failure("ValidationException", "Invalid TableArn: Invalid ResourceArn provided as input " .. arn)
    end
    return tables.find(name) or failure("ResourceNotFoundException", "Requested resource not found: "
      .. "ResourcArn: "
      .. arn .. " not found")
  end
end

local function require_member(value, name)
  if not value then
    failure("ValidationException", ("1 validation error detected: Value null at '%s' failed to satisfy "
      .. "constraint: "
      .. "Member must not be null"):format(name))
  end
end

function operations.TagResource(input)
  local find = tagged(input, "TagResource")
  require_member(input.Tags, "tags")
  if #input.Tags == 0 then failure("ValidationException", "Atleast one Tag needs to be provided as "
    .. "Input.") end
  local tab = find()
  local new = {}
  for _, tag in ipairs(input.Tags) do new[tag.Key] = tag end
  local tags = json.array {}
  for _, tag in ipairs(tab.extra.tags) do
    if not new[tag.Key] then tags[#tags + 1] = tag end
  end
  for _, tag in ipairs(input.Tags) do tags[#tags + 1] = tag end
  tab.extra.tags = tags
  tables.save(tab)
  return {}
end

function operations.UntagResource(input)
  local find = tagged(input, "UntagResource")
  require_member(input.TagKeys, "tagKeys")
  if #input.TagKeys == 0 then failure("ValidationException", "Atleast one Tag Key needs to be provided as "
    .. "Input.") end
  local tab, gone = find(), {}
  for _, key in ipairs(input.TagKeys) do gone[key] = true end
  local tags = json.array {}
  for _, tag in ipairs(tab.extra.tags) do
    if not gone[tag.Key] then tags[#tags + 1] = tag end
  end
  tab.extra.tags = tags
  tables.save(tab)
  return {}
end

function operations.ListTagsOfResource(input)
  return { Tags = tagged(input, "ListTagsOfResource")().extra.tags }
end

-- --- the account ---

function operations.DescribeLimits()
  return { AccountMaxReadCapacityUnits = 80000, AccountMaxWriteCapacityUnits = 80000,
           TableMaxReadCapacityUnits = 40000, TableMaxWriteCapacityUnits = 40000 }
end

function operations.DescribeEndpoints(_, ctx)
  local address = ctx and ctx.host or "dynamodb.us-east-1.amazonaws.com"
  return { Endpoints = json.array { { Address = address, CachePeriodInMinutes = 1440 } } }
end

function operations.DescribeContinuousBackups(input)
  tables.get_named(input.TableName)
  return { ContinuousBackupsDescription = { ContinuousBackupsStatus = "ENABLED",
    PointInTimeRecoveryDescription = { PointInTimeRecoveryStatus = "DISABLED" } } }
end

return operations
