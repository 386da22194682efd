-- SPDX-License-Identifier: MIT
-- What belongs to a table but not to its schema: time to live, tags, and the account's answers about itself.
-- Expired items stay: DynamoDB itself removes them only within days.
local account_id, clock = require "sandbox.settings".account_id, require "clock"
local failure = require "sandbox.failure"
local json = require "json"
local rules = require "sandbox.dynamodb.table_rules"
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

local NO_SUCH_TABLE = "Requested resource not found"

-- What an ARN names. The table itself is looked for when the rest of the request has been looked at.
local function check_arn(arn, operation)
  if not arn then failure("ValidationException", "Invalid TableArn") end
  if not arn:find("^.+:.+:.+:.+:.+:.+/.+$") then
    local user = ("User: arn:aws:iam::%s:root"):format(account_id)
    failure("AccessDeniedException", ("%s is not authorized to perform: dynamodb:%s on resource: %s")
      :format(user, operation, arn))
  end
end

local function find_table(arn, message)
  local name = arn:match("^arn:aws:dynamodb:[^:]+:%d+:table/([^/][^/][^/]+)$")
  if not name then
    failure("ValidationException", "Invalid TableArn: Invalid ResourceArn provided as input " .. arn)
  end
  return tables.find(name) or failure("ResourceNotFoundException", message)
end

local function require_some(list, name, empty)
  if not list then
    local message = "1 validation error detected: Value null at '%s' failed to satisfy constraint: "
    failure("ValidationException", message:format(name) .. "Member must not be null")
  end
  if #list == 0 then failure("ValidationException", empty) end
end

-- Tags without those whose keys are in a set.
local function without(tags, keys)
  local left = json.array {}
  for _, tag in ipairs(tags) do
    if not keys[tag.Key] then left[#left + 1] = tag end
  end
  return left
end

local function unknown_arn(arn)
  return ("%s: ResourcArn: %s not found"):format(NO_SUCH_TABLE, arn)
end

function operations.TagResource(input)
  local arn, tags = input.ResourceArn, input.Tags
  check_arn(arn, "TagResource")
  require_some(tags, "tags", "Atleast one Tag needs to be provided as Input.")
  local tab, new = find_table(arn, unknown_arn(arn)), {}
  rules.tags(tags)
  for _, tag in ipairs(tags) do new[tag.Key] = tag end
  local all = without(tab.extra.tags, new)
  for _, tag in ipairs(tags) do all[#all + 1] = tag end
  rules.tags(all)
  tab.extra.tags = all
  tables.save(tab)
end

function operations.UntagResource(input)
  local arn, gone = input.ResourceArn, {}
  check_arn(arn, "UntagResource")
  require_some(input.TagKeys, "tagKeys", "Atleast one Tag Key needs to be provided as Input.")
  local tab = find_table(arn, NO_SUCH_TABLE)
  for _, key in ipairs(input.TagKeys) do
    rules.tag_key(key)
    gone[key] = true
  end
  tab.extra.tags = without(tab.extra.tags, gone)
  tables.save(tab)
end

function operations.ListTagsOfResource(input)
  check_arn(input.ResourceArn, "ListTagsOfResource")
  return { Tags = find_table(input.ResourceArn, unknown_arn(input.ResourceArn)).extra.tags }
end

-- --- the account ---

function operations.DescribeLimits()
  return { AccountMaxReadCapacityUnits = 80000, AccountMaxWriteCapacityUnits = 80000,
           TableMaxReadCapacityUnits = 40000, TableMaxWriteCapacityUnits = 40000 }
end

function operations.DescribeEndpoints(_, ctx)
  local address = ctx and ctx.req:header "host" or "dynamodb.us-east-1.amazonaws.com"
  return { Endpoints = json.array { { Address = address, CachePeriodInMinutes = 1440 } } }
end

-- --- backups: there are none, and a deployment sets them up all the same ---

local DAY <const>, LONGEST <const> = 86400, 35

local function backups(tab)
  local recovery, now = tab.extra.recovery, clock.now()
  local point = { PointInTimeRecoveryStatus = recovery and "ENABLED" or "DISABLED" }
  if recovery then
    point.RecoveryPeriodInDays = recovery.days
    point.EarliestRestorableDateTime = math.max(recovery.since, now - recovery.days * DAY)
    point.LatestRestorableDateTime = now
  end
  return { ContinuousBackupsDescription = { ContinuousBackupsStatus = "ENABLED",
    PointInTimeRecoveryDescription = point } }
end

local function find_saved(name)
  return tables.find(name) or failure("TableNotFoundException", "Table not found: " .. name)
end

function operations.DescribeContinuousBackups(input)
  return backups(find_saved(input.TableName))
end

function operations.UpdateContinuousBackups(input)
  local tab, wanted = find_saved(input.TableName), input.PointInTimeRecoverySpecification
  local current = tab.extra.recovery
  if wanted.RecoveryPeriodInDays and not wanted.PointInTimeRecoveryEnabled then
    failure("ValidationException",
      "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.")
  end
  tab.extra.recovery = wanted.PointInTimeRecoveryEnabled
    and { since = current and current.since or clock.now(), days = wanted.RecoveryPeriodInDays or LONGEST } or nil
  tables.save(tab)
  return backups(tab)
end

return operations
