-- SPDX-License-Identifier: MIT
---@meta attribute_value

---Plain Lua values and DynamoDB's AttributeValue; dynamodb uses it.
---@class usher.attribute_value
local attribute_value = {}

---Does not yield.
---@param value any
---@return userdata wire JSON text, for json.encode and tostring
function attribute_value.encode(value) end

---Does not yield.
---@param item table<string, any>
---@return userdata wire JSON text, for json.encode and tostring
function attribute_value.encode_item(item) end

---Does not yield.
---@param wire table
---@return any value
function attribute_value.decode(wire) end

---Does not yield.
---@param map table<string, table>
---@return table<string, any> item
function attribute_value.decode_item(map) end

---Does not yield.
---@param members any[]
---@return usher.dynamodb.Set
function attribute_value.set(members) end

---Does not yield.
---@param bytes string
---@return usher.dynamodb.Binary
function attribute_value.binary(bytes) end

---Does not yield.
---@param digits string
---@return usher.dynamodb.Number
function attribute_value.number(digits) end

return attribute_value
