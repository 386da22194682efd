-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
local json = require "json"
local dynamodb = require "sandbox.dynamodb"
local service = require "tests.scripts.sandbox.dynamodb.service"
local call = service.call

setup(function()
  call("CreateTable", [[{"TableName":"Accounts","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"},{"AttributeName":"email","AttributeType":"S"}],"GlobalSecondaryIndexes":[{"IndexName":"by_email","KeySchema":[{"AttributeName":"email","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}],"BillingMode":"PAY_PER_REQUEST"}]])
end)

teardown(function() call("DeleteTable", [[{"TableName":"Accounts"}]]) end)

before_each(function()
  call("PutItem", [[{"TableName":"Accounts","Item":{"pk":{"S":"u"},"sk":{"S":"old"},"n":{"N":"1"}}}]])
end)

local function put(sk, more)
  return ([[{"Put":{"TableName":"Accounts","Item":{"pk":{"S":"u"},"sk":{"S":"%s"}}%s}}]]):format(sk, more or "")
end

local ABSENT = [[,"ConditionExpression":"attribute_not_exists(pk)"]]
local SHOW = [[,"ReturnValuesOnConditionCheckFailure":"ALL_OLD"]]

local function transact(actions, more)
  return call("TransactWriteItems", ([[{"TransactItems":[%s]%s}]]):format(table.concat(actions, ","), more or ""))
end

local function sorts()
  local found = json.decode(call("Query", [[{"TableName":"Accounts","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"u"}}}]]))
  local list = {}
  for i, item in ipairs(found.Items) do list[i] = item.sk.S end
  return table.concat(list, ",")
end

local function reasons(actions)
  local input = json.decode(([[{"TransactItems":[%s]}]]):format(table.concat(actions, ",")))
  local fine, problem = pcall(dynamodb.operations.TransactWriteItems, input)
  assert.is_false(fine)
  assert.equal("TransactionCanceledException", problem.code)
  return json.encode(problem.extra.CancellationReasons, { sorted = true }), problem.message
end

describe("writing", function()
  it("does all of it", function()
    assert.equal("{}", transact { put("a", ABSENT), put "b",
      [[{"Delete":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"old"}}}}]],
      [[{"Update":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"c"}},"UpdateExpression":"SET n = :n","ExpressionAttributeValues":{":n":{"N":"1"}}}}]],
      [[{"ConditionCheck":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"none"}},"ConditionExpression":"attribute_not_exists(pk)"}}]] })
    assert.equal("a,b,c", sorts())
  end)

  it("or nothing, with a reason for each", function()
    call("PutItem", [[{"TableName":"Accounts","Item":{"pk":{"S":"u"},"sk":{"S":"old"},"n":{"N":"1"}}}]])
    local before = sorts()
    local list, message = reasons { put "x", put("old", ABSENT .. SHOW), put("old2"), put("a", ABSENT) }
    assert.equal([=[[{"Code":"None"},{"Code":"ConditionalCheckFailed","Item":{"n":{"N":"1"},"pk":{"S":"u"},"sk":{"S":"old"}},"Message":"The conditional request failed"},{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}]]=], list)
    assert.equal("Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, None, ConditionalCheckFailed]", message)
    assert.equal(before, sorts())
  end)

  local invalid = {
    { "a key of the wrong type", [[{"Put":{"TableName":"Accounts","Item":{"pk":{"N":"1"},"sk":{"S":"x"}}}}]],
      "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N" },
    { "a lookup key of the wrong type", [[{"Delete":{"TableName":"Accounts","Key":{"pk":{"N":"1"},"sk":{"S":"x"}}}}]],
      "The provided key element does not match the schema" },
    { "an index key of the wrong type", [[{"Put":{"TableName":"Accounts","Item":{"pk":{"S":"1"},"sk":{"S":"x"},"email":{"N":"1"}}}}]],
      "One or more parameter values were invalid: Type mismatch for Index Key email Expected: S Actual: N IndexName: by_email" },
    { "an updated index key of the wrong type", [[{"Update":{"TableName":"Accounts","Key":{"pk":{"S":"1"},"sk":{"S":"x"}},"UpdateExpression":"SET email = :n","ExpressionAttributeValues":{":n":{"L":[]}}}}]],
      "One or more parameter values were invalid: Type mismatch for Index Key email Expected: S Actual: L IndexName: by_email" },
    { "a sum of text", [[{"Update":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"old"}},"UpdateExpression":"SET n = sk + :n","ExpressionAttributeValues":{":n":{"N":"1"}}}}]],
      "An operand in the update expression has an incorrect data type" },
  }
  for _, case in ipairs(invalid) do
    it(case[1] .. " is that action's reason", function()
      local list = reasons { put "y", case[2] }
      assert.equal(([=[[{"Code":"None"},{"Code":"ValidationError","Message":"%s"}]]=]):format(case[3]), list)
    end)
  end

  local refused = {
    { "no actions", "", "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1" },
    { "an empty action", "{}", "TransactItems can only contain one of Check, Put, Update or Delete" },
    { "two actions in one", [[{"Put":{"TableName":"Accounts","Item":{"pk":{"S":"1"},"sk":{"S":"x"}}},"Delete":{"TableName":"Accounts","Key":{"pk":{"S":"1"},"sk":{"S":"x"}}}}]],
      "TransactItems can only contain one of Check, Put, Update or Delete" },
    { "one item twice", put "s" .. "," .. put "s", "Transaction request cannot include multiple operations on one item" },
    { "an empty key", [[{"Put":{"TableName":"Accounts","Item":{"pk":{"S":""},"sk":{"S":"x"}}}}]],
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk" },
    { "an empty index key", [[{"Put":{"TableName":"Accounts","Item":{"pk":{"S":"1"},"sk":{"S":"x"},"email":{"S":""}}}}]],
      "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by_email, IndexKey: email" },
    { "an empty updated index key", [[{"Update":{"TableName":"Accounts","Key":{"pk":{"S":"1"},"sk":{"S":"x"}},"UpdateExpression":"SET email = :n","ExpressionAttributeValues":{":n":{"S":""}}}}]],
      "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value." },
    { "a check without a condition", [[{"ConditionCheck":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"x"}}}}]],
      "1 validation error detected: Value null at 'transactItems.1.member.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null" },
    { "an unknown placeholder", put("s", [[,"ConditionExpression":"sk = :x"]]),
      "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :x" },
    { "an unused placeholder", put("s", ABSENT .. [[,"ExpressionAttributeValues":{":x":{"S":"x"}}]]),
      "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}" },
  }
  for _, case in ipairs(refused) do
    it("is refused as a whole: " .. case[1], function()
      assert.equal("ValidationException: " .. case[3], transact { case[2] })
    end)
  end

  it("does not look at names and values beside no expression", function()
    local STRAY = [[,"ExpressionAttributeNames":{"#n":"n"},"ExpressionAttributeValues":{":n":{"N":"1"}}]]
    local KEY = [["TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"stray"}}]]
    assert.equal("{}", transact { put("stray", STRAY) })
    assert.equal("{}", transact { ([[{"Delete":{%s%s}}]]):format(KEY, STRAY) })
    assert.equal([[{"Responses":[{}]}]], call("TransactGetItems",
      ([=[{"TransactItems":[{"Get":{%s,"ExpressionAttributeNames":{"#n":"n"}}}]}]=]):format(KEY)))
  end)

  it("takes 100 actions and 4 MB", function()
    local actions = {}
    for i = 1, 100 do actions[i] = put("many" .. i) end
    assert.equal("{}", transact(actions))
    actions[101] = put "many101"
    assert.truthy(transact(actions):find "Member must have length less than or equal to 100$")
    local large = {}
    for i = 1, 11 do
      large[i] = ([[{"Put":{"TableName":"Accounts","Item":{"pk":{"S":"large"},"sk":{"S":"%d"},"v":{"S":"%s"}}}}]]):format(i, ("x"):rep(400000))
    end
    assert.truthy(transact(large):find "size cannot exceed")
    large[11] = nil
    assert.equal("{}", transact(large))
  end)

  it("an unknown table ends it", function()
    assert.equal("ResourceNotFoundException: Requested resource not found",
      transact { put "z", [[{"Delete":{"TableName":"Nowhere","Key":{"pk":{"S":"1"}}}}]] })
  end)
end)

describe("a token", function()
  local ADD = [[{"Update":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"count"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}]]

  local function count()
    return json.decode(call("GetItem", [[{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"count"}}}]])).Item.n.N
  end

  it("makes the same request happen once", function()
    local before = tonumber((transact { ADD } and count()))
    for _ = 1, 3 do assert.equal("{}", transact({ ADD }, [[,"ClientRequestToken":"once"]])) end
    assert.equal(tostring(before + 1), count())
  end)

  it("does not fit another request", function()
    assert.truthy(transact({ put "q" }, [[,"ClientRequestToken":"once"]]):find "^IdempotentParameterMismatchException")
  end)

  it("of a transaction that was cancelled is free again", function()
    local token = [[,"ClientRequestToken":"free"]]
    call("DeleteItem", [[{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"gate"}}}]])
    local gate = [[{"ConditionCheck":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"gate"}},"ConditionExpression":"attribute_exists(pk)"}}]]
    assert.truthy(transact({ gate, put "through" }, token):find "^TransactionCanceledException")
    call("PutItem", [[{"TableName":"Accounts","Item":{"pk":{"S":"u"},"sk":{"S":"gate"}}}]])
    assert.equal("{}", transact({ gate, put "through" }, token))
  end)

  it("has 1 to 36 characters", function()
    assert.truthy(transact({ put "t" }, ([[,"ClientRequestToken":"%s"]]):format(("x"):rep(37))):find "clientRequestToken")
  end)
end)

describe("reading", function()
  service.check(it, {
    { "TransactGetItems", [[{"TransactItems":[{"Get":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"old"}},"ProjectionExpression":"n"}},{"Get":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"nobody"}}}}],"ReturnConsumedCapacity":"TOTAL"}]],
      [[{"ConsumedCapacity":[{"CapacityUnits":4.0,"ReadCapacityUnits":4.0,"TableName":"Accounts"}],"Responses":[{"Item":{"n":{"N":"1"}}},{}]}]] },
    { "TransactGetItems", [[{"TransactItems":[{"Get":{"TableName":"Accounts","Key":{"pk":{"S":"u"}}}}]}]],
      "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError]" },
    { "TransactGetItems", [[{"TransactItems":[{"Get":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"a"}}}},{"Get":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"a"}}}}]}]],
      "ValidationException: Transaction request cannot include multiple operations on one item" },
    { "TransactGetItems", [[{"TransactItems":[{"Get":{"TableName":"Nowhere","Key":{"pk":{"S":"u"}}}}]}]],
      "ResourceNotFoundException: Requested resource not found" },
    { "TransactGetItems", [[{"TransactItems":[{}]}]],
      "ValidationException: 1 validation error detected: Value null at 'transactItems.1.member.get' failed to satisfy constraint: Member must not be null" },
  })
end)

it("what is wrong with a transaction as a whole is told in its order", function()
  local LONG = ("x"):rep(37)
  assert.equal("ValidationException: 2 validation errors detected: Value '" .. LONG .. "' at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36; Value 'SOME' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]",
    transact({ [[{"Delete":{"TableName":"Accounts","Key":{"pk":{"S":"u"},"sk":{"S":"d"}}}}]] }, ([[,"ClientRequestToken":"%s","ReturnConsumedCapacity":"SOME"]]):format(LONG)))
end)
