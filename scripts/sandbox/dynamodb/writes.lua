-- SPDX-License-Identifier: MIT
-- One write, in the four steps that PutItem, UpdateItem, DeleteItem and transactions share: read the request
-- alone, bind it to its table, evaluate it against the item, write. A write in the making is {kind, input,
-- parsed, expected, tab, key, place, old, new}.
local failure = require "sandbox.failure"
local evaluate = require "sandbox.dynamodb.evaluate"
local expression = require "sandbox.dynamodb.expression"
local legacy = require "sandbox.dynamodb.legacy"
local storage = require "sandbox.dynamodb.storage"
local tables = require "sandbox.dynamodb.tables"
local update = require "sandbox.dynamodb.update"
local validate = require "sandbox.dynamodb.validate"

local writes = {}

-- --- 1. the request alone ---

local function only_all_old(input)
  if input.ReturnValues and input.ReturnValues ~= "ALL_OLD" and input.ReturnValues ~= "NONE" then
    failure("ValidationException", "ReturnValues can only be ALL_OLD or NONE")
  end
end

local READ = {}

function READ.put(input)
  expression.check_parameters(input, { "ConditionExpression" }, { "Expected", "ConditionalOperator" })
  validate.attributes(input.Item)
  only_all_old(input)
  validate.item_size(input.Item)
end

function READ.delete(input)
  expression.check_parameters(input, { "ConditionExpression" }, { "Expected", "ConditionalOperator" })
  validate.attributes(input.Key)
  only_all_old(input)
end

READ.check = READ.delete

function READ.update(input)
  expression.check_parameters(input, { "UpdateExpression", "ConditionExpression" },
    { "AttributeUpdates", "Expected", "ConditionalOperator" })
  validate.attributes(input.Key)
  legacy.check_attribute_updates(input.AttributeUpdates)
end

function writes.read(kind, input)
  READ[kind](input)
  local expected = legacy.expected(input.Expected)
  legacy.check_conditional_operator(input, expected)
  return { kind = kind, input = input, expected = expected, parsed = expression.parse(input) }
end

-- --- 2. its table ---

-- The attributes that an update writes to, as a set.
local function touched_by(write)
  if write.parsed.update then return write.parsed.update.targets end
  local touched = {}
  for name in pairs(write.input.AttributeUpdates or {}) do touched[name] = true end
  return touched
end

function writes.find_table(write)
  write.tab = tables.get(write.input.TableName)
end

function writes.bind(write)
  local input, tab = write.input, write.tab
  if write.kind == "put" then
    validate.item(input.Item, tab)
    write.key = input.Item
  else
    validate.key(input.Key, tab)
    write.key = input.Key
  end
  if write.kind == "update" then
    write.touched = touched_by(write)
    validate.touched(write.touched, tab)
  end
  validate.scalar_keys(write.parsed.nested, tab)
  write.place = storage.place(write.key, tab.schema)
end

-- --- 3. the item ---

local function check_condition(write)
  local item, input = write.old or {}, write.input
  local holds = true
  if write.parsed.condition then
    holds = evaluate.matches(write.parsed.condition, item)
  elseif write.expected then
    holds = evaluate.all(write.expected, item, input.ConditionalOperator == "OR")
  end
  if holds then return end
  local shown = input.ReturnValuesOnConditionCheckFailure == "ALL_OLD" and write.old or nil
  failure("ConditionalCheckFailedException", "The conditional request failed", shown and { Item = shown })
end

-- An update that only takes away does not make an item that was not there.
local function only_removes(write)
  local tree = write.parsed.update
  if tree then return #tree.set == 0 and #tree.add == 0 end
  local updates = write.input.AttributeUpdates
  if not updates or not next(updates) then return false end
  for _, change in pairs(updates) do
    if change.Action ~= "DELETE" then return false end
  end
  return true
end

local MAKE = {}

function MAKE.put(write) return write.input.Item end
function MAKE.delete() return nil end
function MAKE.check(write) return write.old end

function MAKE.update(write)
  if not write.old and only_removes(write) then return nil end
  local base = write.old or write.key
  local new = base
  if write.parsed.update then
    new = update.apply(write.parsed.update, base)
  elseif write.input.AttributeUpdates then
    new = update.apply_attributes(write.input.AttributeUpdates, base)
  end
  validate.updated_item(new, write.touched, write.tab)
  return new
end

function writes.evaluate(write)
  write.old = storage.get(write.tab, write.place)
  check_condition(write)
  write.new = MAKE[write.kind](write)
end

-- --- 4. the database ---

function writes.write(write)
  if write.kind == "check" or not write.old and not write.new then return end
  storage.write(write.tab, write.place, write.old, write.new)
end

return writes
