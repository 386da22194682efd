-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
local json = require "json"
local service = require "tests.scripts.sandbox.dynamodb.service"
local call = service.call

setup(function()
  call("CreateTable", [[{"TableName":"Hash1","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}]])
  call("CreateTable", [[{"TableName":"Range1","KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"b","KeyType":"RANGE"}],"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"N"}],"BillingMode":"PAY_PER_REQUEST"}]])
  call("PutItem", [[{"TableName":"Range1","Item":{"a":{"S":"q"},"b":{"N":"0"},"v":{"S":"v0"}}}]])
  for i = 0, 3 do call("PutItem", ([[{"TableName":"Hash1","Item":{"a":{"S":"scan%d"}}}]]):format(i)) end
end)

teardown(function()
  call("DeleteTable", [[{"TableName":"Hash1"}]])
  call("DeleteTable", [[{"TableName":"Range1"}]])
end)

describe("batches", function()
  service.check(it, {
    { "BatchWriteItem", [[{"RequestItems":{}}]],
      "ValidationException: 1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1" },
    { "BatchWriteItem", [[{"RequestItems":{"ab":[]}}]],
      "ValidationException: 2 validation errors detected: Value '{ab=[]}' at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]; Value '{ab=[]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]" },
    { "BatchWriteItem", [[{"RequestItems":{"Hash1":[{}]}}]],
      "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes" },
    { "BatchWriteItem", [[{"RequestItems":{"Hash1":[{"PutRequest":{"Item":{"a":{"S":"1"}}}},{"DeleteRequest":{"Key":{"a":{"S":"1"}}}}]}}]],
      "ValidationException: Provided list of item keys contains duplicates" },
    { "BatchWriteItem", [[{"RequestItems":{"Hash1":[{"PutRequest":{"Item":{"a":{"S":"b1"}}}},{"DeleteRequest":{"Key":{"a":{"S":"scan1"}}}}]},"ReturnConsumedCapacity":"TOTAL"}]],
      [[{"ConsumedCapacity":[{"CapacityUnits":2.0,"TableName":"Hash1"}],"UnprocessedItems":{}}]] },
    { "BatchWriteItem", [[{"RequestItems":{"nosuch":[{"PutRequest":{"Item":{"a":{"S":"1"}}}}]}}]],
      "ResourceNotFoundException: Requested resource not found" },
    { "BatchWriteItem", [[{"RequestItems":{"Hash1":[{"PutRequest":{"Item":{"b":{"S":"1"}}}}]}}]],
      "ValidationException: The provided key element does not match the schema" },
    { "BatchWriteItem", [[{"RequestItems":{"Hash1":[{"DeleteRequest":{"Key":{"b":{"S":"1"}}}}]}}]],
      "ValidationException: The provided key element does not match the schema" },
    { "BatchGetItem", [[{"RequestItems":{"arn:aws:dynamodb:us-east-1:000000000000:table/Hash1":{"Keys":[{"a":{"S":"scan2"}}]}}}]],
      [[{"Responses":{"arn:aws:dynamodb:us-east-1:000000000000:table/Hash1":[{"a":{"S":"scan2"}}]},"UnprocessedKeys":{}}]] },
    { "BatchWriteItem", [[{"RequestItems":{"arn:aws:dynamodb:us-east-1:000000000000:table/Hash1":[{"DeleteRequest":{"Key":{"a":{"S":"nothing"}}}}]}}]],
      [[{"UnprocessedItems":{}}]] },
    { "BatchGetItem", "{}",
      "ValidationException: 1 validation error detected: Value null at 'requestItems' failed to satisfy constraint: Member must not be null" },
    { "BatchGetItem", [[{"RequestItems":{}}]],
      "ValidationException: 1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1" },
    { "BatchGetItem", [[{"RequestItems":{"Hash1":{}}}]],
      "ValidationException: 1 validation error detected: Value null at 'requestItems.Hash1.member.keys' failed to satisfy constraint: Member must not be null" },
    { "BatchGetItem", [[{"RequestItems":{"Hash1":{"Keys":[]}}}]],
      "ValidationException: 1 validation error detected: Value '[]' at 'requestItems.Hash1.member.keys' failed to satisfy constraint: Member must have length greater than or equal to 1" },
    { "BatchGetItem", [[{"RequestItems":{"Hash1":{"Keys":[{"a":{"S":"scan2"}},{"a":{"S":"scan2"}}]}}}]],
      "ValidationException: Provided list of item keys contains duplicates" },
    { "BatchGetItem", [[{"RequestItems":{"Hash1":{"Keys":[{"a":{"S":"scan2"}}]},"Range1":{"Keys":[{"a":{"S":"q"},"b":{"N":"0"}}],"ProjectionExpression":"v"}},"ReturnConsumedCapacity":"TOTAL"}]],
      [[{"ConsumedCapacity":[{"CapacityUnits":0.5,"TableName":"Hash1"},{"CapacityUnits":0.5,"TableName":"Range1"}],"Responses":{"Hash1":[{"a":{"S":"scan2"}}],"Range1":[{"v":{"S":"v0"}}]},"UnprocessedKeys":{}}]] },
    { "BatchGetItem", [[{"RequestItems":{"Hash1":{"Keys":[{"a":{"S":"scan2"}}],"AttributesToGet":["a"]},"Range1":{"Keys":[{"a":{"S":"q"},"b":{"N":"0"}}],"ProjectionExpression":"v"}}}]],
      "ValidationException: Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}" },
    { "BatchGetItem", [[{"RequestItems":{"no!":{"Keys":[{"a":{"S":"x"}}]}},"ReturnConsumedCapacity":"SOME"}]],
      [=[ValidationException: 2 validation errors detected: Value '{"no!":{"Keys":[{"a":{"S":"x"}}]}}' at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]; Value 'SOME' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]]=] },
    { "BatchGetItem", [[{"RequestItems":{"nosuch":{"Keys":[{"a":{"S":"x"}}]}}}]],
      "ResourceNotFoundException: Requested resource not found" },
    { "BatchGetItem", [[{"RequestItems":{"Hash1":{"Keys":[{"b":{"S":"scan2"}}]}}}]],
      "ValidationException: The provided key element does not match the schema" },
  })
end)

it("what does not fit in 16 MB is left for another request", function()
  local keys = {}
  for i = 1, 50 do
    call("PutItem", ([[{"TableName":"Hash1","Item":{"a":{"S":"big%d"},"v":{"S":"%s"}}}]]):format(i, ("x"):rep(400000)))
    keys[i] = ([[{"a":{"S":"big%d"}}]]):format(i)
  end
  local request = [[{"RequestItems":{"Hash1":{"ConsistentRead":true,"ProjectionExpression":"a","Keys":[%s]}}}]]
  local answer = json.decode(call("BatchGetItem", request:format(table.concat(keys, ","))))
  assert.equal(41, #answer.Responses.Hash1)
  local left = answer.UnprocessedKeys.Hash1
  assert.equal(9, #left.Keys)
  assert.equal("a", left.ProjectionExpression)
  assert.is_true(left.ConsistentRead)
end)
