-- SPDX-License-Identifier: MIT
-- Keys as bytes: what the database sorts and finds items by. Strings and binaries are their own bytes,
-- numbers sort as numbers. The bucket of a partition key spreads partitions the way DynamoDB's scans show
-- them.
local crypto = require "crypto"
local md5 = require "sandbox.dynamodb.md5"
local number = require "sandbox.dynamodb.number"

local keys = {}

local function encode(value)
  local type, text = next(value)
  if type == "S" then return text end
  if type == "N" then return number.encode(text) end
  return crypto.unbase64(text)
end
keys.encode = encode

-- 24 bits: partitions are scanned in this order.
function keys.bucket(bytes)
  return md5.prefix("Outliers" .. bytes)
end

-- The bucket, partition and sort bytes of an item under a schema {hash =, range =}.
function keys.of(item, schema)
  local partition = encode(item[schema.hash])
  return keys.bucket(partition), partition, schema.range and encode(item[schema.range]) or ""
end

return keys
