-- SPDX-License-Identifier: MIT
-- dynamodb.lua over a fake aws.lua: wire requests as rows of data, and what is made of answers and failures.

local json = require "json"
local keep_modules = require "tests.bindings.keep_modules"

local restore, dynamodb, calls, answers, slept

local function begin()
  calls, answers, slept = {}, {}, 0
  package.loaded.config = { dynamodb = { table = "T" } }
  package.loaded.clock = { monotonic = function() return 100 + slept end,
    sleep = function(seconds) slept = slept + seconds end }
  package.loaded.aws = {
    deadline = function(request) return request.deadline or 100 + (request.timeout or 10) end,
    failure = function(err) return err end,
    call = function(request)
      calls[#calls + 1] = request
      local answer = table.remove(answers, 1) or {}
      if not answer.code then return answer end
      local kind = request.on_error(answer)
      answer.kind = kind
      return nil, answer
    end,
  }
  package.loaded.dynamodb = nil
  dynamodb = require "dynamodb"
end

-- Bytes compare, tables with markers do not.
local function bytes(value) return json.encode(value, { sorted = true }) end

describe("dynamodb", function()
  before_each(function()
    restore = keep_modules { "aws", "config", "clock", "dynamodb" }
    begin()
  end)

  after_each(function() restore() end)

  describe("asks for", function()
    local key = { pk = "a", sk = "b" }
    local KEY <const> = '"Key":{"pk":{"S":"a"},"sk":{"S":"b"}}'
    -- name, function, request, operation, mode, input
    local cases = {
      { "a put", "put", { item = { pk = "a", n = 1 } }, "PutItem", "safe",
        '{"Item":{"n":{"N":"1"},"pk":{"S":"a"}},"TableName":"T"}' },
      { "a guarded put", "put", { item = { pk = "a" }, condition = "attribute_not_exists(pk)",
          return_old_on_failure = true, returns = "ALL_OLD", table = "U" }, "PutItem", "safe",
        '{"ConditionExpression":"attribute_not_exists(#pk)","ExpressionAttributeNames":{"#pk":"pk"},'
        .. '"Item":{"pk":{"S":"a"}},"ReturnValues":"ALL_OLD",'
        .. '"ReturnValuesOnConditionCheckFailure":"ALL_OLD","TableName":"U"}' },
      { "a put under reserved names", "put", { item = { pk = "a" },
          condition = "attribute_not_exists(pk) OR (status = :open AND lease < :now)",
          values = { open = "OPEN", [":now"] = 5 } }, "PutItem", "safe",
        '{"ConditionExpression":"attribute_not_exists(#pk) OR (#status = :open AND #lease < :now)",'
        .. '"ExpressionAttributeNames":{"#lease":"lease","#pk":"pk","#status":"status"},'
        .. '"ExpressionAttributeValues":{":now":{"N":"5"},":open":{"S":"OPEN"}},'
        .. '"Item":{"pk":{"S":"a"}},"TableName":"T"}' },
      { "an item", "get", { key = key }, "GetItem", "safe", "{" .. KEY .. ',"TableName":"T"}' },
      { "parts of an item, now", "get",
        { key = key, consistent = true, projection = "name, limits.seats, l[0].x" }, "GetItem", "safe",
        '{"ConsistentRead":true,"ExpressionAttributeNames":{"#l":"l","#limits":"limits","#name":"name",'
        .. '"#seats":"seats","#x":"x"},' .. KEY
        .. ',"ProjectionExpression":"#name, #limits.#seats, #l[0].#x","TableName":"T"}' },
      { "an update in words", "update", { key = key, returns = "ALL_NEW", values = { n = "Jane", t = 1 },
          update = "SET name = :n, created_at = if_not_exists(created_at, :t) REMOVE lease" },
        "UpdateItem", "safe",
        '{"ExpressionAttributeNames":{"#created_at":"created_at","#lease":"lease","#name":"name"},'
        .. '"ExpressionAttributeValues":{":n":{"S":"Jane"},":t":{"N":"1"}},' .. KEY
        .. ',"ReturnValues":"ALL_NEW","TableName":"T","UpdateExpression":'
        .. '"SET #name = :n, #created_at = if_not_exists(#created_at, :t) REMOVE #lease"}' },
      { "an update in maps", "update", { key = key, set = { name = "Jane", ["limits.seats"] = 5 },
          set_once = { created_at = 1 }, remove = { "lease" } }, "UpdateItem", "safe",
        '{"ExpressionAttributeNames":{"#created_at":"created_at","#lease":"lease","#limits":"limits",'
        .. '"#name":"name","#seats":"seats"},"ExpressionAttributeValues":{":created_at":{"N":"1"},'
        .. '":limits_seats":{"N":"5"},":name":{"S":"Jane"}},' .. KEY .. ',"TableName":"T","UpdateExpression":'
        .. '"SET #limits.#seats = :limits_seats, #name = :name, '
        .. '#created_at = if_not_exists(#created_at, :created_at) REMOVE #lease"}' },
      { "a counter, which is not repeated blindly", "update", { key = key, add = { attempts = 1 } },
        "UpdateItem", "throttle",
        '{"ExpressionAttributeNames":{"#attempts":"attempts"},'
        .. '"ExpressionAttributeValues":{":attempts":{"N":"1"}},' .. KEY
        .. ',"TableName":"T","UpdateExpression":"ADD #attempts :attempts"}' },
      { "a guarded counter, which may be", "update", { key = key, update = "SET n = n + :one", retry = "safe",
          condition = "n = :old", values = { one = 1, old = 4 } }, "UpdateItem", "safe",
        '{"ConditionExpression":"#n = :old","ExpressionAttributeNames":{"#n":"n"},'
        .. '"ExpressionAttributeValues":{":old":{"N":"4"},":one":{"N":"1"}},' .. KEY
        .. ',"TableName":"T","UpdateExpression":"SET #n = #n + :one"}' },
      { "a deletion", "delete", { key = key, condition = "signup_id = :id", values = { id = "x" } },
        "DeleteItem", "safe",
        '{"ConditionExpression":"#signup_id = :id","ExpressionAttributeNames":{"#signup_id":"signup_id"},'
        .. '"ExpressionAttributeValues":{":id":{"S":"x"}},' .. KEY .. ',"TableName":"T"}' },
      { "a query", "query", { key_condition = "pk = :pk AND begins_with(sk, :p)", limit = 5, forward = false,
          values = { pk = "USER#1", p = "ACCOUNT#" }, filter = "role = :r AND x BETWEEN :p AND :r",
          index = "by_email", start = key, names = { ["#r"] = "role.x" } }, "Query", "safe",
        '{"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"S":"b"}},'
        .. '"ExpressionAttributeNames":{"#pk":"pk","#r":"role.x","#role":"role","#sk":"sk","#x":"x"},'
        .. '"ExpressionAttributeValues":{":p":{"S":"ACCOUNT#"},":pk":{"S":"USER#1"}},'
        .. '"FilterExpression":"#role = :r AND #x BETWEEN :p AND :r","IndexName":"by_email",'
        .. '"KeyConditionExpression":"#pk = :pk AND begins_with(#sk, :p)","Limit":5,"ScanIndexForward":false,'
        .. '"TableName":"T"}' },
      { "a scan", "scan", { segment = 0, segments = 4 }, "Scan", "safe",
        '{"Segment":0,"TableName":"T","TotalSegments":4}' },
      { "a table", "describe_table", {}, "DescribeTable", "safe", '{"TableName":"T"}' },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        if case[2] == "describe_table" then answers = { { Table = {} } } end
        dynamodb[case[2]](case[3])
        assert.are.equal("DynamoDB_20120810." .. case[4], calls[1].target)
        local seen = { calls[1].service, calls[1].json_version, calls[1].retry }
        assert.are.same({ "dynamodb", "1.0", case[5] }, seen)
        assert.are.equal(case[6], bytes(calls[1].input))
      end)
    end
  end)

  it("leaves the caller's aliases alone, whatever they are called", function()
    dynamodb.get { key = { pk = "a" }, projection = "s, #s", names = { ["#s"] = "a.b" } }
    assert.are.equal("#s_, #s", calls[1].input.ProjectionExpression)
    assert.are.same({ ["#s"] = "a.b", ["#s_"] = "s" }, calls[1].input.ExpressionAttributeNames)
  end)

  it("keeps names apart that look alike as aliases", function()
    dynamodb.update { key = { pk = "a" }, condition = "a_b = :x", values = { x = 1 }, set = { ["a-b"] = 2 } }
    local input = calls[1].input
    assert.are.equal("#a_b = :x", input.ConditionExpression)
    assert.are.equal("SET #a_b_ = :a_b", input.UpdateExpression)
    assert.are.same({ ["#a_b"] = "a_b", ["#a_b_"] = "a-b" }, input.ExpressionAttributeNames)
  end)

  it("gives the same expression the same words every time", function()
    local request = { key = { pk = "a" }, condition = "size(name) > :n", values = { n = 1 } }
    for _ = 1, 2 do dynamodb.delete(request) end
    assert.are.equal(bytes(calls[1].input), bytes(calls[2].input))
    assert.are.equal("size(#name) > :n", calls[2].input.ConditionExpression)
  end)

  describe("gives back", function()
    local wire = { pk = { S = "a" }, n = { N = "1" } }
    -- name, function, request, answer, result
    local cases = {
      { "an item", "get", { key = {} }, { Item = wire }, { pk = "a", n = 1 } },
      { "nothing for an item that is not there", "get", { key = {} }, {}, nil },
      { "true for a put", "put", { item = {} }, {}, true },
      { "what was there before", "put", { item = {}, returns = "ALL_OLD" }, { Attributes = wire },
        { pk = "a", n = 1 } },
      { "an empty table when nothing was", "delete", { key = {}, returns = "ALL_OLD" }, {}, {} },
      { "a page", "query", { key_condition = "pk = :p" },
        { Items = { wire }, Count = 1, ScannedCount = 3, LastEvaluatedKey = { pk = { S = "a" } } },
        { { pk = "a", n = 1 }, count = 1, scanned = 3, next = { pk = "a" } } },
      { "the last page", "scan", {}, { Items = {}, Count = 0, ScannedCount = 0 },
        { count = 0, scanned = 0 } },
      { "many at one moment", "transact_get", { items = { { key = {} }, { key = {} } } },
        { Responses = { { Item = wire }, {} } }, { { pk = "a", n = 1 }, false } },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        answers = { case[4] }
        local result, err = dynamodb[case[2]](case[3])
        assert.are.same(case[5], result)
        assert.is_nil(err)
      end)
    end
  end)

  it("gives the item that a condition met", function()
    answers = { { code = "ConditionalCheckFailedException", Item = { pk = { S = "a" } } } }
    local result, err = dynamodb.put { item = { pk = "a" }, return_old_on_failure = true }
    assert.is_nil(result)
    assert.are.same({ pk = "a" }, err.item)
    assert.is_nil(err.Item)
  end)

  describe("writes a transaction", function()
    local guard = "attribute_not_exists(pk)"

    it("of all four actions", function()
      assert.is_true(dynamodb.transact_write { token = "t-1", items = {
        { put = { item = { pk = "a" }, condition = guard, return_old_on_failure = true } },
        { update = { key = { pk = "b" }, set = { status = "DONE" } } },
        { delete = { key = { pk = "c" } } },
        { check = { key = { pk = "d" }, condition = "attribute_exists(pk)" } } } })
      assert.are.equal('{"ClientRequestToken":"t-1","TransactItems":['
        .. '{"Put":{"ConditionExpression":"attribute_not_exists(#pk)",'
        .. '"ExpressionAttributeNames":{"#pk":"pk"},"Item":{"pk":{"S":"a"}},'
        .. '"ReturnValuesOnConditionCheckFailure":"ALL_OLD","TableName":"T"}},'
        .. '{"Update":{"ExpressionAttributeNames":{"#status":"status"},'
        .. '"ExpressionAttributeValues":{":status":{"S":"DONE"}},"Key":{"pk":{"S":"b"}},"TableName":"T",'
        .. '"UpdateExpression":"SET #status = :status"}},'
        .. '{"Delete":{"Key":{"pk":{"S":"c"}},"TableName":"T"}},'
        .. '{"ConditionCheck":{"ConditionExpression":"attribute_exists(#pk)",'
        .. '"ExpressionAttributeNames":{"#pk":"pk"},"Key":{"pk":{"S":"d"}},"TableName":"T"}}]}',
        bytes(calls[1].input))
      assert.are.same({ "DynamoDB_20120810.TransactWriteItems", "safe" }, { calls[1].target, calls[1].retry })
    end)

    it("with a token of its own", function()
      dynamodb.transact_write { items = { { put = { item = { pk = "a" } } } } }
      assert.are.equal(36, #calls[1].input.ClientRequestToken)
    end)

    it("and refuses what is no action", function()
      assert.has_error(function() dynamodb.transact_write { items = { { write = {} } } } end)
      assert.has_error(function()
        dynamodb.transact_write { items = { { put = { item = {} }, check = { key = {} } } } }
      end)
    end)

    -- codes of the reasons, whether it may be tried again
    local cases = {
      { { "TransactionConflict", "None" }, true },
      { { "None", "ThrottlingError", "ProvisionedThroughputExceeded" }, true },
      { { "TransactionConflict", "ConditionalCheckFailed" }, false },
      { { "ConditionalCheckFailed", "None" }, false },
      { { "ValidationError" }, false },
      { { "None" }, false },
      { {}, false },
    }
    for _, case in ipairs(cases) do
      it("cancelled by " .. table.concat(case[1], ", "), function()
        local reasons = {}
        for i, code in ipairs(case[1]) do reasons[i] = { Code = code } end
        answers = { { code = "TransactionCanceledException", CancellationReasons = reasons } }
        local _, err = dynamodb.transact_write { items = { { put = { item = { pk = "a" } } } } }
        assert.are.equal(case[2], dynamodb.retryable_cancellation(err))
        assert.are.equal(case[2] and "conflict" or nil, err.kind)
      end)
    end

    it("and tells why it was cancelled", function()
      answers = { { code = "TransactionCanceledException", CancellationReasons = {
        { Code = "ConditionalCheckFailed", Item = { pk = { S = "a" } }, Message = "m" },
        { Code = "None" } } } }
      local _, err = dynamodb.transact_write { items = { { put = { item = { pk = "a" } } } } }
      assert.are.same({ { code = "ConditionalCheckFailed", item = { pk = "a" }, message = "m" },
        { code = "None" } }, err.reasons)
      assert.is_nil(err.CancellationReasons)
    end)
  end)

  describe("works in batches", function()
    local function items(n)
      local list = {}
      for i = 1, n do list[i] = { pk = tostring(i) } end
      return list
    end

    it("of 25 writes", function()
      assert.is_true(dynamodb.batch_write { put = items(26), delete = items(1) })
      assert.are.equal(25, #calls[1].input.RequestItems.T)
      assert.are.equal('{"RequestItems":{"T":[{"PutRequest":{"Item":{"pk":{"S":"26"}}}},'
        .. '{"DeleteRequest":{"Key":{"pk":{"S":"1"}}}}]}}', bytes(calls[2].input))
    end)

    it("sending again what was left over", function()
      local rest = { { PutRequest = { Item = { pk = { S = "2" } } } } }
      answers = { { UnprocessedItems = { T = rest } }, { UnprocessedItems = {} } }
      assert.is_true(dynamodb.batch_write { put = items(2) })
      assert.are.equal(2, #calls)
      assert.are.same({ { PutRequest = { Item = { pk = { S = "2" } } } } }, calls[2].input.RequestItems.T)
      assert.are.equal(calls[1].deadline, calls[2].deadline)
    end)

    it("but not for ever", function()
      for i = 1, 20 do answers[i] = { UnprocessedItems = { T = { { PutRequest = {} } } } } end
      local ok, err = dynamodb.batch_write { put = items(1), timeout = 1000 }
      assert.is_nil(ok)
      assert.are.same({ "UnprocessedItems", true, 1 }, { err.code, err.retryable, #err.unprocessed })
      assert.are.equal(8, #calls)
    end)

    it("nor past the deadline", function()
      answers = { { UnprocessedItems = { T = { { PutRequest = {} } } } } }
      local _, err = dynamodb.batch_write { put = items(1), timeout = 0 }
      assert.are.same({ "UnprocessedItems", 1 }, { err.code, #calls })
    end)

    it("stopping at a failure", function()
      answers = { { code = "ValidationException" } }
      local ok, err = dynamodb.batch_write { put = items(30) }
      assert.are.same({ nil, "ValidationException", 1 }, { ok, err.code, #calls })
    end)

    it("of 100 reads, of which some come later and some never", function()
      answers = {
        { Responses = { T = { { pk = { S = "1" } } } },
          UnprocessedKeys = { T = { Keys = { { pk = { S = "2" } } } } } },
        { Responses = { T = { { pk = { S = "2" } } } }, UnprocessedKeys = {} },
        { Responses = { T = {} } },
      }
      local found = dynamodb.batch_get { keys = items(101), projection = "name" }
      assert.are.same({ { pk = "1" }, { pk = "2" } }, found)
      assert.are.equal(100, #calls[1].input.RequestItems.T.Keys)
      assert.are.equal("#name", calls[2].input.RequestItems.T.ProjectionExpression)
      assert.are.equal(1, #calls[3].input.RequestItems.T.Keys)
    end)
  end)

  describe("walks pages", function()
    it("to the end, empty ones too", function()
      answers = {
        { Items = { { n = { N = "1" } } }, LastEvaluatedKey = { pk = { S = "1" } } },
        { Items = {}, LastEvaluatedKey = { pk = { S = "2" } } },
        { Items = { { n = { N = "2" } }, { n = { N = "3" } } } },
      }
      local seen = {}
      for item in dynamodb.each(dynamodb.scan, { filter = "n > :zero", values = { zero = 0 } }) do
        seen[#seen + 1] = item.n
      end
      assert.are.same({ 1, 2, 3 }, seen)
      assert.are.equal('{"pk":{"S":"2"}}', bytes(calls[3].input.ExclusiveStartKey))
    end)

    it("and raises what goes wrong", function()
      answers = { { code = "ResourceNotFoundException" } }
      local ok, err = pcall(dynamodb.each(dynamodb.scan, {}))
      assert.are.same({ false, "ResourceNotFoundException" }, { ok, err.code })
    end)
  end)

  it("makes a table", function()
    answers = { { TableDescription = { TableName = "T", TableStatus = "CREATING" } } }
    local made = dynamodb.create_table { hash = "pk", range = "sk",
      indexes = { { name = "by_email", hash = "email" } } }
    assert.are.same({ "T", "CREATING" }, { made.name, made.status })
    assert.are.equal('{"AttributeDefinitions":[{"AttributeName":"email","AttributeType":"S"},'
      .. '{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"}],'
      .. '"BillingMode":"PAY_PER_REQUEST","GlobalSecondaryIndexes":[{"IndexName":"by_email",'
      .. '"KeySchema":[{"AttributeName":"email","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}],'
      .. '"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],'
      .. '"TableName":"T"}', bytes(calls[1].input))
  end)

  describe("refuses", function()
    local cases = {
      { "an update of nothing", function() dynamodb.update { key = { pk = "a" } } end },
      { "an update in two forms", function()
        dynamodb.update { key = { pk = "a" }, set = { x = 1 }, update = "REMOVE y" }
      end },
      { "an expression that is none", function() dynamodb.put { item = {}, condition = true } end },
      { "an item that is none", function() dynamodb.put { item = "a" } end },
    }
    for _, case in ipairs(cases) do
      it(case[1], function() assert.has_error(case[2]) end)
    end
  end)
end)
