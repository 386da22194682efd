-- SPDX-License-Identifier: MIT
---@meta dynamodb

---DynamoDB in plain Lua values. Write attribute names as they are, reserved or not: each becomes an alias.
---values = { open = "OPEN" } is :open in an expression. A string is S, an integer or float N, a boolean BOOL, json.null
---NULL, a sequence or json.array L, another table M. Functions raise for what cannot be stored, with its path.
---Source: Amazon DynamoDB Developer Guide; its limits are those of "Service, account, and table quotas".
---@class usher.dynamodb
local dynamodb = {}

---@class usher.dynamodb.Set a sequence of its members
local set = {}
---@class usher.dynamodb.Binary
---@field bytes string tostring() gives them too
---@class usher.dynamodb.Number
---@field digits string tostring() gives them too

---Does not yield.
---@param value any
---@return boolean
function set:has(value) end

---@class usher.dynamodb.Options: usher.aws.Options
---@field table? string config.dynamodb.table
---@field names? table<string, string> { ["#n"] = "na.me" }, for names that are no plain word
---@field values? table<string, any> { open = "OPEN" }

---@class usher.dynamodb.Write: usher.dynamodb.Options
---@field condition? string like "attribute_not_exists(pk)"
---@field returns? "ALL_OLD"|"ALL_NEW"|"UPDATED_OLD"|"UPDATED_NEW" the attributes instead of true
---@field return_old_on_failure? boolean err.item is the item that was there

---@class usher.dynamodb.Put: usher.dynamodb.Write
---@field item table<string, any>

---@class usher.dynamodb.Update: usher.dynamodb.Write
---@field key table<string, any>
---@field update? string like "SET status = :s REMOVE lease"; or the five below
---@field set? table<string, any> dotted paths and their values
---@field set_once? table<string, any> only where there is none yet
---@field add? table<string, any> to numbers and sets
---@field delete? table<string, any> members of sets
---@field remove? string[] dotted paths

---@class usher.dynamodb.Delete: usher.dynamodb.Write
---@field key table<string, any>

---@class usher.dynamodb.Get: usher.dynamodb.Options
---@field key table<string, any>
---@field consistent? boolean false
---@field projection? string like "name, status"

---@class usher.dynamodb.Scan: usher.dynamodb.Options
---@field filter? string
---@field index? string
---@field limit? integer items that are read, before the filter
---@field start? table the .next of the page before
---@field projection? string
---@field consistent? boolean
---@field segment? integer
---@field segments? integer

---@class usher.dynamodb.Query: usher.dynamodb.Scan
---@field key_condition string like "pk = :pk AND begins_with(sk, :p)"
---@field forward? boolean false: the highest sort key first

---@class usher.dynamodb.Page a list of items; it may be empty and yet not the last
---@field count integer
---@field scanned integer what was read before the filter
---@field next? table nil on the last
---@field [integer] table

---@class usher.dynamodb.BatchGet: usher.dynamodb.Options
---@field keys table[]
---@field consistent? boolean
---@field projection? string

---@class usher.dynamodb.BatchWrite: usher.dynamodb.Options
---@field put? table[] items
---@field delete? table[] keys

---@class usher.dynamodb.Transaction: usher.aws.Options
---@field items table[]
---@field token? string 1 to 36 characters; one is made

---@class usher.dynamodb.Description
---@field name string
---@field status string "CREATING", "ACTIVE", …
---@field arn string
---@field item_count integer
---@field size_bytes integer
---@field created_at number seconds since 1970
---@field key_schema table
---@field indexes? table

---@class usher.dynamodb.NewTable: usher.dynamodb.Options
---@field hash string
---@field range? string
---@field types? table<string, "S"|"N"|"B"> "S"
---@field indexes? { name: string, hash: string, range?: string, projection?: string }[]

---Writes a whole item. Mode safe. Yields.
---@param request usher.dynamodb.Put
---@return true|table? ok the old attributes with returns
---@return usher.aws.Error? err ConditionalCheckFailedException, …
function dynamodb.put(request) end

---Changes an item, or makes it. Mode safe; throttle when it accumulates (ADD, +, -, list_append). Yields.
---@param request usher.dynamodb.Update
---@return true|table? ok the attributes with returns
---@return usher.aws.Error? err
function dynamodb.update(request) end

---Deletes an item; one that is not there is deleted already. Mode safe. Yields.
---@param request usher.dynamodb.Delete
---@return true|table? ok
---@return usher.aws.Error? err
function dynamodb.delete(request) end

---Mode safe. Yields.
---@param request usher.dynamodb.Get
---@return table? item nil without err: there is none
---@return usher.aws.Error? err
function dynamodb.get(request) end

---One page. Mode safe. Yields.
---@param request usher.dynamodb.Query
---@return usher.dynamodb.Page? page
---@return usher.aws.Error? err
function dynamodb.query(request) end

---One page. Mode safe. Yields.
---@param request? usher.dynamodb.Scan
---@return usher.dynamodb.Page? page
---@return usher.aws.Error? err
function dynamodb.scan(request) end

---Walks all pages: for item in dynamodb.each(dynamodb.query, request). Raises err. Yields, where the loop goes on.
---@param read fun(request: table): usher.dynamodb.Page?, usher.aws.Error?
---@param request table
---@return fun(): table?
function dynamodb.each(read, request) end

---Writes and deletes many, without conditions, not as one. Split by 25, and what is left over is sent again. Yields.
---@param request usher.dynamodb.BatchWrite
---@return true? ok
---@return usher.aws.Error? err UnprocessedItems, …
function dynamodb.batch_write(request) end

---Yields.
---@param request usher.dynamodb.BatchGet
---@return table[]? items those that exist, in no order
---@return usher.aws.Error? err
function dynamodb.batch_get(request) end

---All or nothing: 1 to 100 of { put = {} }, { update = {} }, { delete = {} }, { check = { key =, condition = } }.
---The same token with the same items is done once within 10 minutes; keep it to repeat the call yourself.
---Mode safe. Yields.
---@param request usher.dynamodb.Transaction
---@return true? ok
---@return usher.aws.Error? err TransactionCanceledException has reasons
function dynamodb.transact_write(request) end

---A consistent look at 1 to 100 items. Mode safe. Yields.
---@param request { items: usher.dynamodb.Get[], timeout?: number, deadline?: number }
---@return (table|false)[]? items in the same order; false: there is none
---@return usher.aws.Error? err
function dynamodb.transact_get(request) end

---Was the transaction cancelled only by what passes (conflict, throttling)? Does not yield.
---@param err usher.aws.Error
---@return boolean
function dynamodb.retryable_cancellation(err) end

---Yields.
---@param request? { table?: string, timeout?: number, deadline?: number }
---@return usher.dynamodb.Description? description
---@return usher.aws.Error? err
function dynamodb.describe_table(request) end

---Paid per request. Yields.
---@param request usher.dynamodb.NewTable
---@return table? description status CREATING
---@return usher.aws.Error? err ResourceInUseException: it exists
function dynamodb.create_table(request) end

---A set of strings, numbers or binaries. Raises when it is empty, mixed or repetitive. Does not yield.
---@param members any[]
---@return usher.dynamodb.Set
function dynamodb.set(members) end

---Bytes that are no text. Does not yield.
---@param bytes string
---@return usher.dynamodb.Binary
function dynamodb.binary(bytes) end

---A number that no Lua number holds, up to 38 digits. Does not yield.
---@param digits string
---@return usher.dynamodb.Number
function dynamodb.number(digits) end

return dynamodb
