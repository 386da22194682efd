-- SPDX-License-Identifier: MIT
-- What a table is set to beside its keys: stream, encryption, class, throughput on demand and warm. What of it is
-- refused, and what a description says of it.
local clock = require "clock"
local crypto = require "crypto"
local account_id, failure = require "sandbox.settings".account_id, require "sandbox.failure"

local settings = {}

local function refuse(message, ...)
  failure("ValidationException", message:format(...))
end

local function invalid(message, ...)
  refuse("One or more parameter values were invalid: " .. message, ...)
end

function settings.on_demand(description)
  local billing = description.BillingModeSummary
  return billing ~= nil and billing.BillingMode == "PAY_PER_REQUEST"
end

-- --- warm throughput: it is remembered, and no more ---

local WARM = {
  { "ReadUnitsPerSecond", "ReadCapacityUnits", 12000 },
  { "WriteUnitsPerSecond", "WriteCapacityUnits", 4000 },
}
local INITIAL = "initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/"
  .. "developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial"

-- throughput: as it is provisioned, nil on demand
local function initial(throughput)
  local warm = { Status = "ACTIVE" }
  for _, unit in ipairs(WARM) do warm[unit[1]] = throughput and throughput[unit[2]] or unit[3] end
  return warm
end

-- whose: "table", "index NAME"; than(unit): what nothing may be lower than, in words
local function raise(current, wanted, whose, than)
  local raised = { Status = "ACTIVE" }
  for _, unit in ipairs(WARM) do
    local name = unit[1]
    raised[name] = wanted[name] or current[name]
    if raised[name] < current[name] then
      invalid("Requested %s for WarmThroughput for %s is lower than %s", name, whose, than(unit))
    end
  end
  return raised
end

-- given: what is asked for, ProvisionedThroughput and WarmThroughput
function settings.warm_new(given, whose)
  local provisioned = given.ProvisionedThroughput
  return raise(initial(provisioned), given.WarmThroughput or {}, whose, function(unit)
    return provisioned and unit[2] .. " of ProvisionedThroughput" or INITIAL
  end)
end

function settings.warm_up(description, wanted, whose)
  description.WarmThroughput = raise(description.WarmThroughput or initial(), wanted, whose, function()
    return "current WarmThroughput, decreasing WarmThroughput is not supported"
  end)
end

-- After a change of what is provisioned: nothing gets colder.
function settings.keep_warm(description, on_demand)
  local warm, least = description.WarmThroughput or {}, initial(not on_demand and description.ProvisionedThroughput)
  for _, unit in ipairs(WARM) do least[unit[1]] = math.max(least[unit[1]], warm[unit[1]] or 0) end
  description.WarmThroughput = least
end

-- --- throughput on demand ---

local MOST, NO_LIMIT <const> = { "MaxReadRequestUnits", "MaxWriteRequestUnits" }, -1

local function check_on_demand(wanted, on_demand, least)
  for _, name in ipairs(MOST) do
    local value = wanted[name]
    if value and not on_demand then
      invalid("%s for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED", name)
    end
    if value and (value < least or value == 0) then
      invalid("Requested %s for OnDemandThroughput for table is outside of valid range", name)
    end
  end
end

function settings.limit(description, wanted)
  local limits, current = {}, description.OnDemandThroughput or {}
  for _, name in ipairs(MOST) do
    local value = wanted[name] or current[name]
    if value ~= NO_LIMIT then limits[name] = value end
  end
  description.OnDemandThroughput = next(limits) and limits or nil
end

-- --- checks that need no table ---

local ENABLED = {
  new = "Table is being created with a stream enabled, UpdateViewType is required",
  change = "If stream is being enabled then UpdateViewType is required",
}
local DISABLED = {
  new = "Table is being created with a stream disabled, UpdateViewType should not be specified",
  change = "If stream is being disabled, then UpdateViewType must not be specified",
}

local function check_stream(stream, when)
  if stream.StreamEnabled == not stream.StreamViewType then
    invalid((stream.StreamEnabled and ENABLED or DISABLED)[when])
  end
end

-- A type that is asked for is a wish to be encrypted, too.
local function is_encrypted(wanted)
  if wanted.Enabled == nil then return wanted.SSEType ~= nil end
  return wanted.Enabled
end

local function check_encryption(wanted)
  for _, name in ipairs { "SSEType", "KMSMasterKeyId" } do
    if wanted.Enabled == false and wanted[name] then invalid("%s can not be specified if Enabled is false", name) end
  end
  if wanted.SSEType == "AES256" then invalid("SSEType AES256 is not supported") end
  if wanted.KMSMasterKeyId and not is_encrypted(wanted) then
    invalid("SSEType KMS is required if KMSMasterKeyId is specified")
  end
end

local CLASSES = { STANDARD = true, STANDARD_INFREQUENT_ACCESS = true }

-- when: "new" for CreateTable, "change" for UpdateTable
function settings.check(input, when)
  if input.TableClass and not CLASSES[input.TableClass] then
    refuse("Invalid table-class parameter provided. Please try again with a valid table-class value: "
      .. "[STANDARD, STANDARD_INFREQUENT_ACCESS].")
  end
  if input.StreamSpecification then check_stream(input.StreamSpecification, when) end
  if input.SSESpecification then check_encryption(input.SSESpecification) end
end

local OPERATIONS = { "ProvisionedThroughput", "BillingMode", "StreamSpecification", "SSESpecification", "TableClass",
  "DeletionProtectionEnabled", "OnDemandThroughput", "WarmThroughput" }
local ALONE = {
  { "SSESpecification", "Server-Side Encryption modification" }, { "TableClass", "TableClass modification" },
  { "DeletionProtectionEnabled", "DeletionProtection modification" }, { "WarmThroughput", "WarmThroughput" },
}

-- What an UpdateTable is about: something, and some things only alone.
function settings.check_operations(input)
  local updates, count = input.GlobalSecondaryIndexUpdates, 0
  if updates and #updates > 0 then count = 1 end
  for _, name in ipairs(OPERATIONS) do
    if input[name] ~= nil then count = count + 1 end
  end
  if count == 0 then
    refuse("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates "
      .. "or SSESpecification or ReplicaUpdates is required")
  end
  for _, one in ipairs(ALONE) do
    if count > 1 and input[one[1]] ~= nil then invalid("%s must be the only operation in the request", one[2]) end
  end
end

-- --- what a description says ---

-- A stream that is off is none.
local function apply_stream(description, stream)
  description.StreamSpecification = stream.StreamEnabled and stream or nil
  if not stream.StreamEnabled then return end
  local now = clock.now()
  description.LatestStreamLabel = os.date("!%Y-%m-%dT%H:%M:%S", math.floor(now))
    .. (".%03d"):format(math.floor(now * 1000) % 1000)
  description.LatestStreamArn = description.TableArn .. "/stream/" .. description.LatestStreamLabel
end

local function apply_encryption(description, wanted)
  description.SSEDescription = is_encrypted(wanted) and { Status = "ENABLED", SSEType = wanted.SSEType or "KMS",
    KMSMasterKeyArn = wanted.KMSMasterKeyId
      or ("arn:aws:kms:us-east-1:%s:key/%s"):format(account_id, crypto.uuid()) } or nil
end

local function apply(description, input)
  if input.StreamSpecification then apply_stream(description, input.StreamSpecification) end
  if input.DeletionProtectionEnabled ~= nil then
    description.DeletionProtectionEnabled = input.DeletionProtectionEnabled
  end
  if input.OnDemandThroughput then settings.limit(description, input.OnDemandThroughput) end
  if input.TableClass then description.TableClassSummary = { TableClass = input.TableClass } end
  if input.SSESpecification then apply_encryption(description, input.SSESpecification) end
end

function settings.apply_new(description, input)
  check_on_demand(input.OnDemandThroughput or {}, settings.on_demand(description), 1)
  description.WarmThroughput = settings.warm_new(input, "table")
  apply(description, input)
end

local function check_stream_change(description, stream)
  local on = description.StreamSpecification ~= nil
  if on and stream.StreamEnabled then
    refuse("Table already has an enabled stream: TableName: %s", description.TableName)
  end
  if not on and not stream.StreamEnabled then
    refuse("Table has no stream to disable: TableName: %s", description.TableName)
  end
end

local function check_encryption_change(current, wanted)
  local encrypted = is_encrypted(wanted)
  if not encrypted and not current then invalid("Table is already encrypted by default") end
  if encrypted and current and (wanted.KMSMasterKeyId or current.KMSMasterKeyArn) == current.KMSMasterKeyArn then
    invalid("Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to "
      .. "change Master Key")
  end
end

-- After what is provisioned has changed.
function settings.change(description, input)
  if input.StreamSpecification then check_stream_change(description, input.StreamSpecification) end
  if input.SSESpecification then check_encryption_change(description.SSEDescription, input.SSESpecification) end
  check_on_demand(input.OnDemandThroughput or {}, settings.on_demand(description), NO_LIMIT)
  if input.WarmThroughput then settings.warm_up(description, input.WarmThroughput, "table") end
  apply(description, input)
  if input.TableClass then description.TableClassSummary.LastUpdateDateTime = clock.now() end
end

return settings
