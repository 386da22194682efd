-- SPDX-License-Identifier: MIT
-- The shape of every request: the types and constraints that the service publishes, as data for shape.lua.
local shapes = {}

-- --- the vocabulary ---

-- A copy of a shape with more said about it.
local function with(shape, more)
  local new = {}
  for key, value in pairs(shape) do new[key] = value end
  for key, value in pairs(more) do new[key] = value end
  new.constrained = true
  return new
end

local function required(shape) return with(shape, { required = true }) end

local STRING, BOOLEAN, BLOB = { kind = "String" }, { kind = "Boolean" }, { kind = "Blob" }
local INTEGER, LONG = { kind = "Number", java = "Integer" }, { kind = "Number", java = "Long" }

local function list(of, more)
  return with({ kind = "List", of = of }, more or {})
end

local function map(type, of, more)
  return with({ kind = "Map", type = type, of = of }, more or {})
end

-- members: a list of {name, shape}; field: it is named by a member, not an element of a list or map.
local function struct(type, members, field)
  local shape = { kind = "Struct", type = type, field = field, members = {}, order = {}, constrained = true }
  for i, member in ipairs(members) do
    shape.members[member[1]], shape.order[i] = member[2], member[1]
  end
  return shape
end

local function enum(text)
  local set = { shown = text:gsub(" ", ", ") }
  for word in text:gmatch("%S+") do set[word] = true end
  return with(STRING, { enum = set })
end

local NAME_PATTERN = { shown = "[a-zA-Z0-9_.-]+", form = "^[a-zA-Z0-9_.%-]+$" }
local NAME = with(STRING, { pattern = NAME_PATTERN, least = 3, most = 255 })
local TABLE_NAME = with(NAME, { kind = "TableName", required = true })
local OWN_NAME = with(STRING, { kind = "TableName", pattern = NAME_PATTERN, must = true }) -- of operations on tables

-- --- attribute values: recursive, and without declared constraints ---

local VALUE = { kind = "Struct", type = "AttributeValue" }
local FIELD_VALUE = { kind = "Struct", type = "AttributeValue", field = true }
local plain_list = function(of) return { kind = "List", of = of } end
VALUE.order = { "S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL" }
FIELD_VALUE.order = VALUE.order
VALUE.members = {
  S = STRING, N = STRING, B = BLOB, BOOL = BOOLEAN, NULL = BOOLEAN,
  SS = plain_list(STRING), NS = plain_list(STRING), BS = plain_list(BLOB),
  L = plain_list(VALUE), M = { kind = "Map", type = "AttributeValue", of = VALUE },
}
FIELD_VALUE.members = VALUE.members

local ANY_NAME = { most = 65535 } -- of an attribute
local VALUES = map("AttributeValue", VALUE, { keys = ANY_NAME })
local NAMES = map("java.lang.String", STRING, { values = ANY_NAME })
local KEY = required(VALUES)

-- --- enumerations and small structures ---

local CAPACITY = enum "INDEXES TOTAL NONE"
local METRICS = enum "SIZE NONE"
local RETURN_VALUES = enum "ALL_NEW UPDATED_OLD ALL_OLD NONE UPDATED_NEW"
local ON_FAILURE = enum "ALL_OLD NONE"
local JOIN = enum "OR AND"
local SELECT = enum "SPECIFIC_ATTRIBUTES COUNT ALL_ATTRIBUTES ALL_PROJECTED_ATTRIBUTES"
local OPERATOR = enum "IN NULL BETWEEN LT NOT_CONTAINS EQ GT NOT_NULL NE LE BEGINS_WITH GE CONTAINS"
local GET_NAMES = list(with(STRING, ANY_NAME), { least = 1, most = 255 })

local EXPECTED = map("ExpectedAttributeValue", struct("ExpectedAttributeValue", {
  { "AttributeValueList", list(VALUE) }, { "ComparisonOperator", OPERATOR },
  { "Exists", BOOLEAN }, { "Value", FIELD_VALUE },
}), { keys = ANY_NAME })
local CONDITIONS = map("Condition", struct("Condition", {
  { "AttributeValueList", list(VALUE) }, { "ComparisonOperator", required(OPERATOR) },
}), { keys = ANY_NAME })
local UPDATES = map("AttributeValueUpdate", struct("AttributeValueUpdate", {
  { "Action", enum "ADD PUT DELETE" }, { "Value", FIELD_VALUE },
}), { keys = ANY_NAME })

-- A structure from blocks of members.
local function request(...)
  local members = {}
  for _, block in ipairs { ... } do
    for _, member in ipairs(block) do members[#members + 1] = member end
  end
  return struct("Request", members)
end

local TABLE = { { "TableName", TABLE_NAME } }
local PLACEHOLDERS = { { "ExpressionAttributeValues", map("AttributeValue", VALUE) },
  { "ExpressionAttributeNames", NAMES } }
local CONDITION = {
  { "ConditionalOperator", JOIN }, { "Expected", EXPECTED }, { "ConditionExpression", STRING },
  { "ReturnValuesOnConditionCheckFailure", ON_FAILURE },
}
local WRITE = { { "ReturnConsumedCapacity", CAPACITY }, { "ReturnItemCollectionMetrics", METRICS },
                { "ReturnValues", RETURN_VALUES } }
local PROJECT = { { "AttributesToGet", GET_NAMES }, { "ProjectionExpression", STRING } }
local PAGE = { { "Select", SELECT }, { "IndexName", NAME }, { "ReturnConsumedCapacity", CAPACITY },
               { "Limit", with(INTEGER, { low = 1 }) }, { "ExclusiveStartKey", VALUES },
                 { "ConsistentRead", BOOLEAN },
               { "FilterExpression", STRING }, { "ConditionalOperator", JOIN } }

-- --- items ---

shapes.PutItem = request(WRITE, TABLE, { { "Item", KEY } }, CONDITION, PLACEHOLDERS)
shapes.DeleteItem = request(WRITE, TABLE, { { "Key", KEY } }, CONDITION, PLACEHOLDERS)
shapes.UpdateItem = request(WRITE, TABLE, { { "Key", KEY }, { "AttributeUpdates", UPDATES },
  { "UpdateExpression", STRING } }, CONDITION, PLACEHOLDERS)
shapes.GetItem = request({ { "ReturnConsumedCapacity", CAPACITY } }, TABLE,
  { { "Key", KEY }, { "ConsistentRead", BOOLEAN } }, PROJECT, { { "ExpressionAttributeNames", NAMES } })
shapes.Query = request(PAGE, TABLE, { { "QueryFilter", CONDITIONS }, { "KeyConditions", CONDITIONS },
  { "KeyConditionExpression", STRING }, { "ScanIndexForward", BOOLEAN } }, PROJECT, PLACEHOLDERS)
shapes.Scan = request(PAGE, TABLE, { { "ScanFilter", CONDITIONS }, { "Segment", with(INTEGER, { low = 0,
  high = 999999 }) }, { "TotalSegments", with(INTEGER, { low = 1, high = 1000000 }) } }, PROJECT,
    PLACEHOLDERS)

-- --- batches ---

local TABLE_KEYS = { most = 255, least = 3, pattern = NAME_PATTERN, or_arn = true }

shapes.BatchGetItem = request({ { "RequestItems",
  with(map("KeysAndAttributes",
  struct("KeysAndAttributes", {
    { "Keys", list({ kind = "Map", type = "AttributeValue", of = VALUE, parameterized = true },
      { required = true, least = 1, most = 100 }) },
    { "AttributesToGet", GET_NAMES }, { "ConsistentRead", BOOLEAN }, { "ProjectionExpression", STRING },
    { "ExpressionAttributeNames", NAMES },
  })), { required = true, least = 1, keys = TABLE_KEYS, shown_as_json = true }) },
  { "ReturnConsumedCapacity", CAPACITY } })

local WRITE_REQUEST = struct("WriteRequest", {
  { "DeleteRequest", struct("DeleteRequest", { { "Key", KEY } }, true) },
  { "PutRequest", struct("PutRequest", { { "Item", KEY } }, true) },
})
shapes.BatchWriteItem = request({ { "ReturnConsumedCapacity", CAPACITY }, { "ReturnItemCollectionMetrics",
  METRICS },
  { "RequestItems", map("java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>",
    with(list(WRITE_REQUEST), { parameterized = true }),
    { required = true, least = 1, keys = TABLE_KEYS, values = { most = 25, least = 1 } }) } })

-- --- transactions ---

local ACTION = { { "ConditionExpression", STRING }, { "ReturnValuesOnConditionCheckFailure", ON_FAILURE } }

local function action(type, ...)
  local shape = request(...)
  shape.type, shape.field = type, true
  return shape
end

shapes.TransactWriteItems = request({
  { "ClientRequestToken", with(STRING, { least = 1, most = 36 }) },
  { "ReturnConsumedCapacity", CAPACITY }, { "ReturnItemCollectionMetrics", METRICS },
  { "TransactItems", list(struct("TransactWriteItem", {
    { "ConditionCheck", action("ConditionCheck", TABLE, { { "Key", KEY },
      { "ConditionExpression", required(STRING) }, ACTION[2] }, PLACEHOLDERS) },
    { "Put", action("Put", TABLE, { { "Item", KEY } }, ACTION, PLACEHOLDERS) },
    { "Delete", action("Delete", TABLE, { { "Key", KEY } }, ACTION, PLACEHOLDERS) },
    { "Update", action("Update", TABLE, { { "Key", KEY }, { "UpdateExpression", required(STRING) } }, ACTION,
      PLACEHOLDERS) },
  }), { required = true, least = 1, most = 100 }) },
})
shapes.TransactGetItems = request({ { "ReturnConsumedCapacity", CAPACITY },
  { "TransactItems", list(struct("TransactGetItem", {
    { "Get", required(action("Get", TABLE, { { "Key", KEY }, { "ProjectionExpression", STRING },
      { "ExpressionAttributeNames", NAMES } })) },
  }), { required = true, least = 1, most = 100 }) } })

-- --- tables ---

local THROUGHPUT = struct("ProvisionedThroughput", {
  { "WriteCapacityUnits", with(LONG, { required = true, low = 1 }) },
  { "ReadCapacityUnits", with(LONG, { required = true, low = 1 }) },
}, true)
local DEFINITIONS = list(struct("AttributeDefinition", {
  { "AttributeName", with(STRING, { required = true, least = 1, most = 255 }) },
  { "AttributeType", required(enum "B N S") },
}))
local SCHEMA = list(struct("KeySchemaElement", {
  { "AttributeName", with(STRING, { required = true, least = 1, most = 255 }) },
  { "KeyType", required(enum "HASH RANGE") },
}), { required = true, least = 1, most = 2 })
local PROJECTION = required(struct("Projection", {
  { "ProjectionType", enum "ALL INCLUDE KEYS_ONLY" },
  { "NonKeyAttributes", list(with(STRING, { least = 1, most = 255 }), { least = 1, most = 20 }) },
}, true))
local ON_DEMAND = struct("OnDemandThroughput", { { "MaxReadRequestUnits", LONG },
  { "MaxWriteRequestUnits", LONG } }, true)
local WARM = struct("WarmThroughput", { { "ReadUnitsPerSecond", LONG }, { "WriteUnitsPerSecond", LONG } }, true)
local GLOBAL = { { "IndexName", required(NAME) }, { "KeySchema", SCHEMA }, { "Projection", PROJECTION },
                 { "ProvisionedThroughput", THROUGHPUT }, { "OnDemandThroughput", ON_DEMAND },
                 { "WarmThroughput", WARM } }
local LOCAL = struct("LocalSecondaryIndex", { { "IndexName", required(NAME) }, { "KeySchema", SCHEMA },
  { "Projection", PROJECTION } })
local TAGS = list(struct("Tag", { { "Key", STRING }, { "Value", STRING } }))
local STREAM = struct("StreamSpecification", { { "StreamEnabled", required(BOOLEAN) },
  { "StreamViewType", enum "NEW_IMAGE OLD_IMAGE NEW_AND_OLD_IMAGES KEYS_ONLY" } }, true)
local SSE = struct("SSESpecification", { { "Enabled", BOOLEAN }, { "SSEType", enum "AES256 KMS" },
  { "KMSMasterKeyId", with(STRING, { least = 1 }) } }, true)
local BILLING = enum "PROVISIONED PAY_PER_REQUEST"
local OWN_TABLE = { { "TableName", OWN_NAME } }
local SETTINGS = { { "BillingMode", BILLING }, { "ProvisionedThroughput", THROUGHPUT },
  { "StreamSpecification", STREAM },
                   { "SSESpecification", SSE }, { "TableClass", STRING }, { "DeletionProtectionEnabled",
                     BOOLEAN },
                   { "OnDemandThroughput", ON_DEMAND }, { "WarmThroughput", WARM } }

shapes.CreateTable = request({ { "AttributeDefinitions", required(DEFINITIONS) },
  { "TableName", with(OWN_NAME, { least = 3, most = 255 }) } }, SETTINGS,
  { { "KeySchema", SCHEMA }, { "GlobalSecondaryIndexes", list(struct("GlobalSecondaryIndex", GLOBAL)) },
    { "LocalSecondaryIndexes", list(LOCAL) }, { "Tags", TAGS } })

local GLOBAL_UPDATE = struct("GlobalSecondaryIndexUpdate", {
  { "Update", struct("UpdateGlobalSecondaryIndexAction", { { "IndexName", required(NAME) },
    { "ProvisionedThroughput", THROUGHPUT }, { "OnDemandThroughput", ON_DEMAND }, { "WarmThroughput", WARM } },
    true) },
  { "Create", struct("CreateGlobalSecondaryIndexAction", GLOBAL, true) },
  { "Delete", struct("DeleteGlobalSecondaryIndexAction", { { "IndexName", required(NAME) } }, true) },
})
shapes.UpdateTable = request(OWN_TABLE, SETTINGS, { { "AttributeDefinitions", DEFINITIONS },
  { "GlobalSecondaryIndexUpdates", list(GLOBAL_UPDATE) } })
shapes.DescribeTable = request(OWN_TABLE)
shapes.DeleteTable = request(OWN_TABLE)
shapes.DescribeTimeToLive = request(OWN_TABLE)
shapes.UpdateTimeToLive = request(OWN_TABLE, { { "TimeToLiveSpecification",
  required(struct("TimeToLiveSpecification", {
  { "AttributeName", with(STRING, { required = true, least = 1, most = 255 }) }, { "Enabled",
    required(BOOLEAN) },
}, true)) } })
shapes.ListTables = request({ { "Limit", with(INTEGER, { low = 1, high = 100 }) },
  { "ExclusiveStartTableName", NAME } })

local ARN = { { "ResourceArn", STRING } }
shapes.TagResource = request(ARN, { { "Tags", TAGS } })
shapes.UntagResource = request(ARN, { { "TagKeys", list(STRING) } })
shapes.ListTagsOfResource = request(ARN, { { "NextToken", STRING } })
shapes.DescribeLimits = request()
shapes.DescribeEndpoints = request()
shapes.DescribeContinuousBackups = request(OWN_TABLE)
shapes.UpdateContinuousBackups = request(OWN_TABLE, { { "PointInTimeRecoverySpecification",
  required(struct("PointInTimeRecoverySpecification", {
  { "PointInTimeRecoveryEnabled", required(BOOLEAN) },
  { "RecoveryPeriodInDays", with(INTEGER, { low = 1, high = 35 }) },
}, true)) } })

return shapes
