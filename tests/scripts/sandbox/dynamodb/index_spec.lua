-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
local service = require "tests.scripts.sandbox.dynamodb.service"
local call = service.call

setup(function()
  call("CreateTable", [[{"TableName":"Index1","KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"b","KeyType":"RANGE"}],"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"S"},{"AttributeName":"c","AttributeType":"S"},{"AttributeName":"d","AttributeType":"N"}],"BillingMode":"PAY_PER_REQUEST","LocalSecondaryIndexes":[{"IndexName":"lsi","KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"c","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}],"GlobalSecondaryIndexes":[{"IndexName":"gsi","KeySchema":[{"AttributeName":"c","KeyType":"HASH"},{"AttributeName":"d","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}},{"IndexName":"gsi2","KeySchema":[{"AttributeName":"d","KeyType":"HASH"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["e"]}}]}]])
end)

teardown(function()
  call("DeleteTable", [[{"TableName":"Index1"}]])
end)

describe("queries and scans of indexes", function()
  service.check(it, {
    { "PutItem", [[{"TableName":"Index1","Item":{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"},"d":{"N":"5"},"e":{"S":"e0"},"f":{"S":"f"}}}]],
      "{}" },
    { "PutItem", [[{"TableName":"Index1","Item":{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"},"d":{"N":"4"},"e":{"S":"e1"},"f":{"S":"f"}}}]],
      "{}" },
    { "PutItem", [[{"TableName":"Index1","Item":{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}}}]],
      "{}" },
    { "PutItem", [[{"TableName":"Index1","Item":{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}}}]],
      "{}" },
    { "PutItem", [[{"TableName":"Index1","Item":{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}}}]],
      "{}" },
    { "PutItem", [[{"TableName":"Index1","Item":{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}}}]],
      "{}" },
    { "PutItem", [[{"TableName":"Index1","Item":{"a":{"S":"p0"},"b":{"S":"none"}}}]],
      "{}" },
    { "Query", [[{"TableName":"Index1","IndexName":"gsi","KeyConditionExpression":"c = :c","ExpressionAttributeValues":{":c":{"S":"c"}}}]],
      [[{"Count":6,"Items":[{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"},"d":{"N":"4"},"e":{"S":"e1"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"},"d":{"N":"5"},"e":{"S":"e0"},"f":{"S":"f"}}],"ScannedCount":6}]] },
    { "Query", [[{"TableName":"Index1","IndexName":"gsi","KeyConditionExpression":"c = :c and d > :d","ExpressionAttributeValues":{":c":{"S":"c"},":d":{"N":"2"}},"ScanIndexForward":false}]],
      [[{"Count":3,"Items":[{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"},"d":{"N":"5"},"e":{"S":"e0"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"},"d":{"N":"4"},"e":{"S":"e1"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}}],"ScannedCount":3}]] },
    { "Query", [[{"TableName":"Index1","IndexName":"lsi","KeyConditionExpression":"a = :c","ExpressionAttributeValues":{":c":{"S":"p0"}}}]],
      [[{"Count":3,"Items":[{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"}},{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"}}],"ScannedCount":3}]] },
    { "Query", [[{"TableName":"Index1","IndexName":"lsi","KeyConditionExpression":"a = :c","ExpressionAttributeValues":{":c":{"S":"p0"}},"Select":"ALL_ATTRIBUTES","ReturnConsumedCapacity":"INDEXES"}]],
      [[{"ConsumedCapacity":{"CapacityUnits":1.0,"LocalSecondaryIndexes":{"lsi":{"CapacityUnits":0.5}},"Table":{"CapacityUnits":0.5},"TableName":"Index1"},"Count":3,"Items":[{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"},"d":{"N":"5"},"e":{"S":"e0"},"f":{"S":"f"}}],"ScannedCount":3}]] },
    { "Query", [[{"TableName":"Index1","IndexName":"gsi2","KeyConditionExpression":"d = :d","ExpressionAttributeValues":{":d":{"N":"3"}}}]],
      [[{"Count":1,"Items":[{"a":{"S":"p0"},"b":{"S":"s2"},"d":{"N":"3"},"e":{"S":"e2"}}],"ScannedCount":1}]] },
    { "Query", [[{"TableName":"Index1","IndexName":"gsi2","KeyConditionExpression":"d = :d","ExpressionAttributeValues":{":d":{"N":"3"}},"Select":"ALL_ATTRIBUTES"}]],
      "ValidationException: One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index gsi2 because its projection type is not ALL" },
    { "Query", [[{"TableName":"Index1","IndexName":"nope","KeyConditionExpression":"d = :d","ExpressionAttributeValues":{":d":{"N":"3"}}}]],
      "ValidationException: The table does not have the specified index: nope" },
    { "Query", [[{"TableName":"Index1","IndexName":"gsi","ConsistentRead":true,"KeyConditionExpression":"c = :c","ExpressionAttributeValues":{":c":{"S":"c"}}}]],
      "ValidationException: Consistent reads are not supported on global secondary indexes" },
    { "Query", [[{"TableName":"Index1","IndexName":"gsi","Limit":2,"KeyConditionExpression":"c = :c","ExpressionAttributeValues":{":c":{"S":"c"}}}]],
      [[{"Count":2,"Items":[{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}}],"LastEvaluatedKey":{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"}},"ScannedCount":2}]] },
    { "Query", [[{"TableName":"Index1","IndexName":"gsi","Limit":2,"KeyConditionExpression":"c = :c","ExpressionAttributeValues":{":c":{"S":"c"}},"ExclusiveStartKey":{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"}}}]],
      [[{"Count":2,"Items":[{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}}],"LastEvaluatedKey":{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"}},"ScannedCount":2}]] },
    { "Query", [[{"TableName":"Index1","IndexName":"gsi","KeyConditionExpression":"c = :c","ExpressionAttributeValues":{":c":{"S":"c"}},"ExclusiveStartKey":{"a":{"S":"p0"},"b":{"S":"s4"}}}]],
      "ValidationException: The provided starting key is invalid" },
    { "Scan", [[{"TableName":"Index1"}]],
      [[{"Count":7,"Items":[{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"},"d":{"N":"4"},"e":{"S":"e1"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"none"}},{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"},"d":{"N":"5"},"e":{"S":"e0"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}}],"ScannedCount":7}]] },
    { "Scan", [[{"TableName":"Index1","IndexName":"gsi"}]],
      [[{"Count":6,"Items":[{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"},"d":{"N":"4"},"e":{"S":"e1"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"},"d":{"N":"5"},"e":{"S":"e0"},"f":{"S":"f"}}],"ScannedCount":6}]] },
    { "Scan", [[{"TableName":"Index1","IndexName":"lsi"}]],
      [[{"Count":6,"Items":[{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"}},{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"}},{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"}},{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"}}],"ScannedCount":6}]] },
    { "Scan", [[{"TableName":"Index1","IndexName":"gsi2"}]],
      [[{"Count":6,"Items":[{"a":{"S":"p0"},"b":{"S":"s2"},"d":{"N":"3"},"e":{"S":"e2"}},{"a":{"S":"p1"},"b":{"S":"s3"},"d":{"N":"2"},"e":{"S":"e3"}},{"a":{"S":"p1"},"b":{"S":"s1"},"d":{"N":"4"},"e":{"S":"e1"}},{"a":{"S":"p0"},"b":{"S":"s4"},"d":{"N":"1"},"e":{"S":"e4"}},{"a":{"S":"p1"},"b":{"S":"s5"},"d":{"N":"0"},"e":{"S":"e5"}},{"a":{"S":"p0"},"b":{"S":"s0"},"d":{"N":"5"},"e":{"S":"e0"}}],"ScannedCount":6}]] },
    { "Scan", [[{"TableName":"Index1","IndexName":"gsi2","Select":"ALL_ATTRIBUTES"}]],
      "ValidationException: One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index gsi2 because its projection type is not ALL" },
    { "Scan", [[{"TableName":"Index1","IndexName":"lsi","Limit":2}]],
      [[{"Count":2,"Items":[{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"}},{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"}}],"LastEvaluatedKey":{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"}},"ScannedCount":2}]] },
    { "Scan", [[{"TableName":"Index1","Limit":3}]],
      [[{"Count":3,"Items":[{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"},"d":{"N":"4"},"e":{"S":"e1"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}}],"LastEvaluatedKey":{"a":{"S":"p1"},"b":{"S":"s5"}},"ScannedCount":3}]] },
    { "Scan", [[{"TableName":"Index1","Segment":0,"TotalSegments":2}]],
      [[{"Count":3,"Items":[{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"},"d":{"N":"4"},"e":{"S":"e1"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}}],"ScannedCount":3}]] },
    { "Scan", [[{"TableName":"Index1","Segment":1,"TotalSegments":2}]],
      [[{"Count":4,"Items":[{"a":{"S":"p0"},"b":{"S":"none"}},{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"},"d":{"N":"5"},"e":{"S":"e0"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}}],"ScannedCount":4}]] },
    { "Scan", [[{"TableName":"Index1","Segment":2,"TotalSegments":2}]],
      "ValidationException: The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less than TotalSegments: 2" },
    { "Scan", [[{"TableName":"Index1","Segment":1}]],
      "ValidationException: The TotalSegments parameter is required but was not present in the request when Segment parameter is present" },
    { "Scan", [[{"TableName":"Index1","TotalSegments":2}]],
      "ValidationException: The Segment parameter is required but was not present in the request when parameter TotalSegments is present" },
    { "Scan", [[{"TableName":"Index1","Limit":0}]],
      "ValidationException: 1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1" },
    { "Scan", [[{"TableName":"Index1","ScanFilter":{"f":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"f"}]},"d":{"ComparisonOperator":"LT","AttributeValueList":[{"N":"3"}]}}}]],
      [[{"Count":3,"Items":[{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}}],"ScannedCount":7}]] },
    { "Scan", [[{"TableName":"Index1","ScanFilter":{"f":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"zz"}]},"d":{"ComparisonOperator":"LT","AttributeValueList":[{"N":"3"}]}},"ConditionalOperator":"OR"}]],
      [[{"Count":3,"Items":[{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}}],"ScannedCount":7}]] },
    { "Scan", [[{"TableName":"Index1","FilterExpression":"d < :d","ExpressionAttributeValues":{":d":{"N":"3"}},"Select":"COUNT"}]],
      [[{"Count":3,"ScannedCount":7}]] },
    { "Scan", [[{"TableName":"Index1","ReturnConsumedCapacity":"TOTAL"}]],
      [[{"ConsumedCapacity":{"CapacityUnits":0.5,"TableName":"Index1"},"Count":7,"Items":[{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"},"d":{"N":"4"},"e":{"S":"e1"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"none"}},{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"},"d":{"N":"5"},"e":{"S":"e0"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}}],"ScannedCount":7}]] },
    { "Scan", [[{"TableName":"Index1","IndexName":"gsi","ReturnConsumedCapacity":"INDEXES"}]],
      [[{"ConsumedCapacity":{"CapacityUnits":0.5,"GlobalSecondaryIndexes":{"gsi":{"CapacityUnits":0.5}},"Table":{"CapacityUnits":0.0},"TableName":"Index1"},"Count":6,"Items":[{"a":{"S":"p1"},"b":{"S":"s5"},"c":{"S":"c"},"d":{"N":"0"},"e":{"S":"e5"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s4"},"c":{"S":"c"},"d":{"N":"1"},"e":{"S":"e4"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s3"},"c":{"S":"c"},"d":{"N":"2"},"e":{"S":"e3"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"},"d":{"N":"3"},"e":{"S":"e2"},"f":{"S":"f"}},{"a":{"S":"p1"},"b":{"S":"s1"},"c":{"S":"c"},"d":{"N":"4"},"e":{"S":"e1"},"f":{"S":"f"}},{"a":{"S":"p0"},"b":{"S":"s0"},"c":{"S":"c"},"d":{"N":"5"},"e":{"S":"e0"},"f":{"S":"f"}}],"ScannedCount":6}]] },
    { "Scan", [[{"TableName":"Index1","AttributesToGet":["a"],"ScanFilter":{},"FilterExpression":"a = :a"}]],
      "ValidationException: Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet, ScanFilter} Expression parameters: {FilterExpression}" },
  })
end)

describe("a local index fetches what it does not keep", function()
  service.check(it, {
    { "Query", [[{"TableName":"Index1","IndexName":"lsi","KeyConditionExpression":"a = :a","FilterExpression":"e = :e","ExpressionAttributeValues":{":a":{"S":"p0"},":e":{"S":"e2"}}}]],
      [[{"Count":1,"Items":[{"a":{"S":"p0"},"b":{"S":"s2"},"c":{"S":"c"}}],"ScannedCount":3}]] },
    { "Query", [[{"TableName":"Index1","IndexName":"lsi","KeyConditionExpression":"a = :a","FilterExpression":"e = :e","ProjectionExpression":"b, f","ExpressionAttributeValues":{":a":{"S":"p0"},":e":{"S":"e2"}}}]],
      [[{"Count":1,"Items":[{"b":{"S":"s2"},"f":{"S":"f"}}],"ScannedCount":3}]] },
    { "Query", [[{"TableName":"Index1","IndexName":"gsi2","KeyConditionExpression":"d = :d","ProjectionExpression":"f","ExpressionAttributeValues":{":d":{"N":"3"}}}]],
      "ValidationException: One or more parameter values were invalid: Global secondary index gsi2 does not project [f]" },
  })
end)
