-- SPDX-License-Identifier: MIT
-- PutItem, GetItem, UpdateItem, DeleteItem.
local capacity = require "sandbox.dynamodb.capacity"
local projection = require "sandbox.dynamodb.projection"
local reads = require "sandbox.dynamodb.reads"
local tables = require "sandbox.dynamodb.tables"
local validate = require "sandbox.dynamodb.validate"
local writes = require "sandbox.dynamodb.writes"

local operations = {}

local function names_of(updates)
  local names = {}
  for name in pairs(updates or {}) do names[#names + 1] = name end
  return names
end

-- The part of an item that an update named.
local function updated_part(write, item)
  if not item then return nil end
  local part
  if write.parsed.update then
    part = projection.pick(write.parsed.update.paths, item)
  else
    part = projection.pick_names(names_of(write.input.AttributeUpdates), item)
  end
  return next(part) and part or nil
end

local RETURNS = {
  ALL_OLD = function(write) return write.old end,
  ALL_NEW = function(write) return write.new end,
  UPDATED_OLD = function(write) return updated_part(write, write.old) end,
  UPDATED_NEW = function(write) return updated_part(write, write.new) end,
}

local function perform(kind, input)
  local write = writes.read(kind, input)
  writes.find_table(write)
  writes.bind(write)
  writes.evaluate(write)
  writes.write(write)
  local returned = RETURNS[input.ReturnValues]
  local detail = input.ReturnConsumedCapacity
  return {
    Attributes = returned and returned(write),
    ConsumedCapacity = detail and capacity.report(detail, write.tab,
      capacity.of_write(write.tab, write.old, write.new)),
    ItemCollectionMetrics = capacity.collection(input.ReturnItemCollectionMetrics, write.tab, write.key),
  }
end

function operations.PutItem(input) return perform("put", input) end
function operations.UpdateItem(input) return perform("update", input) end
function operations.DeleteItem(input) return perform("delete", input) end

function operations.GetItem(input)
  validate.attributes(input.Key)
  local read = reads.read(input)
  local tab = tables.get(input.TableName)
  reads.check(read, input.Key, tab)
  local item, bytes = reads.find(read, input.Key, tab)
  local used = { table = capacity.read_units(bytes, input.ConsistentRead), indexes = {} }
  return { Item = item, ConsumedCapacity = capacity.report(input.ReturnConsumedCapacity, tab, used) }
end

return operations
