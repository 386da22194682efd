-- SPDX-License-Identifier: MIT
-- Reading one item by its key, as GetItem, BatchGetItem and TransactGetItems do. A read in the making is
-- {input, parsed}.
local expression = require "sandbox.dynamodb.expression"
local legacy = require "sandbox.dynamodb.legacy"
local projection = require "sandbox.dynamodb.projection"
local storage = require "sandbox.dynamodb.storage"
local validate = require "sandbox.dynamodb.validate"
local values = require "sandbox.dynamodb.values"

local reads = {}

-- What to show of the items: {ProjectionExpression, AttributesToGet, ExpressionAttributeNames}.
function reads.read(input)
  expression.check_parameters(input, { "ProjectionExpression" }, { "AttributesToGet" })
  legacy.check_attributes_to_get(input.AttributesToGet)
  return { input = input, parsed = expression.parse(input) }
end

function reads.check(read, key, tab)
  validate.key(key, tab)
  validate.scalar_keys(read.parsed.nested, tab)
end

-- The part of the item to show, or nil, and the size of the whole.
function reads.find(read, key, tab)
  local item = storage.get(tab, storage.place(key, tab.schema))
  if not item then return nil, 0 end
  return projection.shown(read, item), values.item_size(item)
end

return reads
