-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
local json = require "json"
local service = require "tests.scripts.sandbox.dynamodb.service"
local call = service.call

setup(function()
  call("CreateTable", [[{"TableName":"Hash1","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}]])
end)

teardown(function()
  call("DeleteTable", [[{"TableName":"Hash1"}]])
end)

describe("what is refused", function()
  service.check(it, {
    { "CreateTable", "{}",
      "ValidationException: The parameter 'TableName' is required but was not present in the request" },
    { "CreateTable", [[{"TableName":"ab","AttributeDefinitions":[],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}]}]],
      "ValidationException: 1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3" },
    { "DescribeTable", [[{"TableName":"ab"}]],
      "ValidationException: TableName must be at least 3 characters long and at most 255 characters long" },
    { "CreateTable", [[{"TableName":"abc","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"z","AttributeType":"S"},{"AttributeName":"b","AttributeType":"S"},{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"b","KeyType":"HASH"}],"GlobalSecondaryIndexes":[{"IndexName":"gsi","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]}]],
      "ValidationException: One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [a, b, z], keys used: [a, b]" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"LocalSecondaryIndexes":[{"IndexName":"a","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"Projection":{}}],"GlobalSecondaryIndexes":[{"IndexName":"b","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"Projection":{}}]}]],
      "ValidationException: 2 validation errors detected: Value 'b' at 'globalSecondaryIndexes.1.member.indexName' failed to satisfy constraint: Member must have length greater than or equal to 3; Value 'a' at 'localSecondaryIndexes.1.member.indexName' failed to satisfy constraint: Member must have length greater than or equal to 3" },
    { "CreateTable", [[{"TableName":"abc;"}]],
      "ValidationException: 3 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null; Value 'abc;' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value null at 'keySchema' failed to satisfy constraint: Member must not be null" },
    { "CreateTable", [[{"TableName":"abc"}]],
      "ValidationException: 2 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null; Value null at 'keySchema' failed to satisfy constraint: Member must not be null" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[],"KeySchema":[]}]],
      "ValidationException: 1 validation error detected: Value '[]' at 'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"X"}],"KeySchema":[{"KeyType":"hash"}]}]],
      "ValidationException: 3 validation errors detected: Value 'X' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]; Value null at 'keySchema.1.member.attributeName' failed to satisfy constraint: Member must not be null; Value 'hash' at 'keySchema.1.member.keyType' failed to satisfy constraint: Member must satisfy enum value set: [HASH, RANGE]" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}]}]],
      "ValidationException: One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"b","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}]],
      "ValidationException: One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [b], AttributeDefinitions: [a]" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"S"}],"KeySchema":[{"AttributeName":"b","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}]],
      "ValidationException: One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"S"}],"KeySchema":[{"AttributeName":"b","KeyType":"RANGE"},{"AttributeName":"a","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}]],
      "ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"S"}],"KeySchema":[{"AttributeName":"b","KeyType":"HASH"},{"AttributeName":"b","KeyType":"RANGE"}],"BillingMode":"PAY_PER_REQUEST"}]],
      "ValidationException: Both the Hash Key and the Range Key element in the KeySchema have the same name" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST","LocalSecondaryIndexes":[]}]],
      "ValidationException: One or more parameter values were invalid: List of LocalSecondaryIndexes is empty" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST","GlobalSecondaryIndexes":[]}]],
      "ValidationException: One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST","GlobalSecondaryIndexes":[{"IndexName":"h;","KeySchema":[],"Projection":{}}]}]],
      "ValidationException: 3 validation errors detected: Value 'h;' at 'globalSecondaryIndexes.1.member.indexName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'h;' at 'globalSecondaryIndexes.1.member.indexName' failed to satisfy constraint: Member must have length greater than or equal to 3; Value '[]' at 'globalSecondaryIndexes.1.member.keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST","GlobalSecondaryIndexes":[{"IndexName":"abc","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"Projection":{}}]}]],
      "ValidationException: One or more parameter values were invalid: Unknown ProjectionType: null" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST","GlobalSecondaryIndexes":[{"IndexName":"abc","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL","NonKeyAttributes":["x"]}}]}]],
      "ValidationException: One or more parameter values were invalid: ProjectionType is ALL, but NonKeyAttributes is specified" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST","ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1}}]],
      "ValidationException: One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"ProvisionedThroughput":{"ReadCapacityUnits":-1,"WriteCapacityUnits":-1}}]],
      "ValidationException: 2 validation errors detected: Value '-1' at 'provisionedThroughput.writeCapacityUnits' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '-1' at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: Member must have value greater than or equal to 1" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"ProvisionedThroughput":{"ReadCapacityUnits":1000000000001,"WriteCapacityUnits":1}}]],
      "ValidationException: Given value 1000000000001 for ReadCapacityUnits is out of bounds" },
    { "CreateTable", [[{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"ProvisionedThroughput":{"ReadCapacityUnits":1e300,"WriteCapacityUnits":1}}]],
      "ValidationException: Given value 9223372036854775807 for ReadCapacityUnits is out of bounds" },
    { "DescribeTable", [[{"TableName":"nosuch"}]],
      "ResourceNotFoundException: Requested resource not found: Table: nosuch not found" },
    { "DescribeTable", "{}",
      "ValidationException: The parameter 'TableName' is required but was not present in the request" },
    { "DeleteTable", [[{"TableName":"nosuch"}]],
      "ResourceNotFoundException: Requested resource not found: Table: nosuch not found" },
    { "UpdateTable", [[{"TableName":"nosuch"}]],
      "ValidationException: At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required" },
    { "UpdateTable", [[{"TableName":"Hash1","BillingMode":"PROVISIONED"}]],
      "ValidationException: One or more parameter values were invalid: ProvisionedThroughput must be specified when BillingMode is PROVISIONED" },
    { "UpdateTable", [[{"TableName":"Hash1","GlobalSecondaryIndexUpdates":[{}]}]],
      "ValidationException: One or more parameter values were invalid: One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null" },
    { "ListTables", [[{"Limit":0}]],
      "ValidationException: 1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1" },
    { "ListTables", [[{"Limit":101}]],
      "ValidationException: 1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100" },
    { "ListTables", [[{"ExclusiveStartTableName":"a;"}]],
      "ValidationException: 2 validation errors detected: Value 'a;' at 'exclusiveStartTableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'a;' at 'exclusiveStartTableName' failed to satisfy constraint: Member must have length greater than or equal to 3" },
    { "TagResource", "{}",
      "ValidationException: Invalid TableArn" },
    { "TagResource", [[{"ResourceArn":"abcd"}]],
      "AccessDeniedException: User: arn:aws:iam::123456789012:root is not authorized to perform: dynamodb:TagResource on resource: abcd" },
    { "TagResource", [[{"ResourceArn":"a:b:c:d:e:f/g"}]],
      "ValidationException: 1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null" },
    { "TagResource", [[{"ResourceArn":"a:b:c:d:e:f/g","Tags":[{"Key":"a","Value":"b"}]}]],
      "ValidationException: Invalid TableArn: Invalid ResourceArn provided as input a:b:c:d:e:f/g" },
    { "TagResource", [[{"ResourceArn":"arn:aws:dynamodb:us-east-1:123456789012:table/Hash1","Tags":[]}]],
      "ValidationException: Atleast one Tag needs to be provided as Input." },
    { "TagResource", [[{"ResourceArn":"arn:aws:dynamodb:us-east-1:123456789012:table/nosuch","Tags":[{"Key":"a","Value":"b"}]}]],
      "ResourceNotFoundException: Requested resource not found: ResourcArn: arn:aws:dynamodb:us-east-1:123456789012:table/nosuch not found" },
    { "UntagResource", [[{"ResourceArn":"arn:aws:dynamodb:us-east-1:123456789012:table/nosuch","TagKeys":["a"]}]],
      "ResourceNotFoundException: Requested resource not found" },
    { "UntagResource", [[{"ResourceArn":"arn:aws:dynamodb:us-east-1:123456789012:table/Hash1","TagKeys":[""]}]],
      "ValidationException: The Tag Key provided is invalid, Key: " },
    { "ListTagsOfResource", [[{"ResourceArn":"arn:aws:dynamodb:us-east-1:123456789012:table/nosuch"}]],
      "ResourceNotFoundException: Requested resource not found: ResourcArn: arn:aws:dynamodb:us-east-1:123456789012:table/nosuch not found" },
  })
end)

-- Requests about a table of a key "p", cut short: { what is more in CreateTable, what the service says }
describe("a table's definition", function()
  local function defined(names)
    local list = {}
    for name, type in names:gmatch "(%w+):(%w)" do
      list[#list + 1] = ('{"AttributeName":"%s","AttributeType":"%s"}'):format(name, type)
    end
    return table.concat(list, ",")
  end

  local INVALID, long = "One or more parameter values were invalid: ", ("x"):rep(256)
  local tags = {}
  for i = 1, 51 do tags[i] = ('{"Key":"%d","Value":"v"}'):format(i) end
  local INCLUDE = [=["GlobalSecondaryIndexes":[{"IndexName":"gsi","KeySchema":[{"AttributeName":"x","KeyType":"HASH"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["%s"]}}]]=]

  for _, case in ipairs {
    { "p:S p:N", nil, "Attribute Name is duplicated: p" },
    { "p:S", [=["Tags":[{"Key":"a","Value":"1"},{"Key":"a","Value":"2"}]]=], "Duplicate Tag Keys provided as input: Duplicate Tag Key found a" },
    { "p:S", '"Tags":[' .. table.concat(tags, ",") .. "]", "Number of Tags exceed the current limit for the provided ResourceArn" },
    { "p:S", [=["Tags":[{"Key":"a!","Value":""}]]=], "The Tag Key provided is invalid, Key: a!" },
    { "p:S", [=["Tags":[{"Value":"v"}]]=], "The Tag Key provided is invalid, Key: null" },
    { "p:S", [=["Tags":[{"Key":"k"}]]=], "The Tag Value provided is invalid, Value: null" },
    { "p:S", [=["Tags":[{"Key":"aws:k","Value":"v"}]]=], "Tag Key cannot be prefixed with aws:, Key: aws:k" },
    { "p:S", [["StreamSpecification":{"StreamEnabled":true}]], INVALID .. "Table is being created with a stream enabled, UpdateViewType is required" },
    { "p:S", [["StreamSpecification":{"StreamEnabled":false,"StreamViewType":"KEYS_ONLY"}]], INVALID .. "Table is being created with a stream disabled, UpdateViewType should not be specified" },
    { "p:S", [["SSESpecification":{"Enabled":false,"KMSMasterKeyId":"k"}]], INVALID .. "KMSMasterKeyId can not be specified if Enabled is false" },
    { "p:S", [["SSESpecification":{"KMSMasterKeyId":"k"}]], INVALID .. "SSEType KMS is required if KMSMasterKeyId is specified" },
    { "p:S", [["SSESpecification":{"Enabled":true,"SSEType":"AES256"}]], INVALID .. "SSEType AES256 is not supported" },
    { "p:S", [["SSESpecification":{"Enabled":true,"KMSMasterKeyId":""}]], "1 validation error detected: Value '' at 'sSESpecification.kMSMasterKeyId' failed to satisfy constraint: Member must have length greater than or equal to 1" },
    { "p:S", [["TableClass":"standard"]], "Invalid table-class parameter provided. Please try again with a valid table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS]." },
    { "p:S", [["OnDemandThroughput":{"MaxReadRequestUnits":-1}]], INVALID .. "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range" },
    { "p:S", [["WarmThroughput":{"WriteUnitsPerSecond":3999}]], INVALID .. "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial" },
    { "p:S x:S", (INCLUDE:format "a":gsub('"IndexName"', '"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1},%0')), INVALID .. "ProvisionedThroughput should not be specified for index: gsi when BillingMode is PAY_PER_REQUEST" },
    { "p:S x:S", INCLUDE:format [[a","a]], INVALID .. "Duplicate element in NonKeyAttributes: a" },
    { "p:S x:S", INCLUDE:format(long), "1 validation error detected: Value '[" .. long .. "]' at 'globalSecondaryIndexes.1.member.projection.nonKeyAttributes' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 1]" },
  } do
    it("is refused: " .. case[3]:sub(1, 200), function()
      assert.equal("ValidationException: " .. case[3], call("CreateTable",
        ('{"TableName":"Defined","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],"AttributeDefinitions":[%s]%s}')
          :format(defined(case[1]), case[2] and "," .. case[2] or "")))
    end)
  end
end)

describe("later indexes", function()
  local function update(updates, definitions)
    return call("UpdateTable", ('{"TableName":"Later","GlobalSecondaryIndexUpdates":[%s],"AttributeDefinitions":[%s]}'):format(updates, definitions or ""))
  end
  local function create(name, ...)
    local keys = {}
    for i, key in ipairs { ... } do keys[i] = ('{"AttributeName":"%s","KeyType":"%s"}'):format(key, i == 1 and "HASH" or "RANGE") end
    return ('{"Create":{"IndexName":"%s","KeySchema":[%s],"Projection":{"ProjectionType":"ALL"}}}'):format(name, table.concat(keys, ","))
  end
  local function delete(name) return ('{"Delete":{"IndexName":"%s"}}'):format(name) end
  local S = [[{"AttributeName":"%s","AttributeType":"S"}]]

  setup(function()
    call("CreateTable", [[{"TableName":"Later","KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}]])
    for i, x in ipairs { ("x"):rep(1024), ("x"):rep(1025), ("x"):rep(2048), ("x"):rep(2049), "" } do
      call("PutItem", ('{"TableName":"Later","Item":{"p":{"S":"%d"},"x":{"S":"%s"},"y":{"S":"y"}}}'):format(i, x))
    end
    call("PutItem", [[{"TableName":"Later","Item":{"p":{"S":"a map"},"x":{"M":{}},"y":{"S":"y"}}}]])
  end)
  teardown(function() call("DeleteTable", [[{"TableName":"Later"}]]) end)

  local LIMIT = "LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
  for _, case in ipairs {
    { create("one", "x") .. "," .. create("two", "x"), S:format "x", LIMIT },
    { delete "one" .. "," .. delete "two", nil, LIMIT },
    { create("one", "x") .. "," .. delete "two", S:format "x", LIMIT },
    { (create("one", "x"):gsub('"IndexName"', '"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1},%0', 1)), S:format "x",
      "ValidationException: One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: one when BillingMode is PAY_PER_REQUEST" },
    { (create("one", "x") .. delete "two"):gsub("}{", ",", 1), S:format "x",
      "ValidationException: One or more parameter values were invalid: Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete can be specified" },
    { create("one", "p"), nil, "ValidationException: One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [p], AttributeDefinitions: []" },
    { create("one", "p"), [[{"AttributeName":"p","AttributeType":"N"}]],
      "ValidationException: One or more parameter values were invalid: Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: Schema:[SchemaElement: key{p:S:HASH}] New schema: Schema:[SchemaElement: key{p:N:HASH}]" },
  } do
    it("are refused: " .. case[3], function() assert.equal(case[3], update(case[1], case[2])) end)
  end

  it("have only what can be their keys, and take their definitions with them", function()
    local function found(name)
      local seen = {}
      for _, item in ipairs(json.decode(call("Scan", ('{"TableName":"Later","IndexName":"%s"}'):format(name))).Items) do seen[#seen + 1] = item.p.S end
      table.sort(seen)
      return table.concat(seen, " ")
    end
    local function names()
      local list = {}
      for _, each in ipairs(json.decode(call("DescribeTable", [[{"TableName":"Later"}]])).Table.AttributeDefinitions) do list[#list + 1] = each.AttributeName end
      return table.concat(list, " ")
    end
    update(create("by_x", "x"), S:format "x" .. "," .. S:format "unused")
    update(create("by_y", "y", "x"), S:format "x" .. "," .. S:format "y")
    assert.same({ "1 2 3", "1", "p x y" }, { found "by_x", found "by_y", names() })
    assert.equal("{}", call("UpdateItem", [[{"TableName":"Later","Key":{"p":{"S":"a map"}},"UpdateExpression":"SET z = :z","ExpressionAttributeValues":{":z":{"S":"z"}}}]]))
    update(delete "by_y")
    assert.equal("p x", names())
  end)
end)

-- One table, changed again and again: { the change, what the service says of it or "", what the description then has }
describe("a table's settings", function()
  local INVALID = "ValidationException: One or more parameter values were invalid: "
  local COLDER = "Requested ReadUnitsPerSecond for WarmThroughput for %s is lower than current WarmThroughput, decreasing WarmThroughput is not supported"
  local ALONE = " modification must be the only operation in the request"
  local PROVISIONED = [["BillingMode":"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":%d,"WriteCapacityUnits":5}]]
  local function index(more) return ([=["GlobalSecondaryIndexUpdates":[{"Update":{"IndexName":"gsi"%s}}]]=]):format(more) end
  local function warm(read, write) return { ReadUnitsPerSecond = read, WriteUnitsPerSecond = write, Status = "ACTIVE" } end

  before_each(function()
    call("CreateTable", [[{"TableName":"Set","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},{"AttributeName":"q","AttributeType":"S"}],"KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"q","KeyType":"RANGE"}],"GlobalSecondaryIndexes":[{"IndexName":"gsi","KeySchema":[{"AttributeName":"q","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}],"LocalSecondaryIndexes":[{"IndexName":"lsi","KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"q","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}]}]])
  end)
  after_each(function() call("DeleteTable", [[{"TableName":"Set"}]]) end)

  for name, changes in pairs {
    stream = {
      { [["StreamSpecification":{"StreamEnabled":false}]], "ValidationException: Table has no stream to disable: TableName: Set" },
      { [["StreamSpecification":{"StreamEnabled":true}]], INVALID .. "If stream is being enabled then UpdateViewType is required" },
      { [["StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}]], "", StreamSpecification = { StreamEnabled = true, StreamViewType = "KEYS_ONLY" } },
      { [["StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}]], "ValidationException: Table already has an enabled stream: TableName: Set" },
      { [["StreamSpecification":{"StreamEnabled":false,"StreamViewType":"KEYS_ONLY"}]], INVALID .. "If stream is being disabled, then UpdateViewType must not be specified" },
    },
    encryption = {
      { [["SSESpecification":{}]], INVALID .. "Table is already encrypted by default" },
      { [["SSESpecification":{"Enabled":true},"DeletionProtectionEnabled":true]], INVALID .. "Server-Side Encryption" .. ALONE },
      { [["SSESpecification":{"SSEType":"KMS","KMSMasterKeyId":"k"}]], "", SSEDescription = { Status = "ENABLED", SSEType = "KMS", KMSMasterKeyArn = "k" } },
      { [["SSESpecification":{"Enabled":true,"KMSMasterKeyId":"k"}]], INVALID .. "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key" },
    },
    class = {
      { [["TableClass":"STANDARD","DeletionProtectionEnabled":false]], INVALID .. "TableClass" .. ALONE },
      { [["BillingMode":"PAY_PER_REQUEST","DeletionProtectionEnabled":false]], INVALID .. "DeletionProtection" .. ALONE },
      { [["TableClass":"junk"]], "ValidationException: Invalid table-class parameter provided. Please try again with a valid table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS]." },
    },
    demand = {
      { [["OnDemandThroughput":{"MaxReadRequestUnits":0}]], INVALID .. "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range" },
      { [["OnDemandThroughput":{"MaxReadRequestUnits":5,"MaxWriteRequestUnits":6}]], "", OnDemandThroughput = { MaxReadRequestUnits = 5, MaxWriteRequestUnits = 6 } },
      { [["OnDemandThroughput":{"MaxReadRequestUnits":-1}]], "", OnDemandThroughput = { MaxWriteRequestUnits = 6 } },
      { PROVISIONED:format(1) .. [[,"OnDemandThroughput":{"MaxWriteRequestUnits":6}]], INVALID .. "MaxWriteRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED" },
    },
    warm = {
      { [["WarmThroughput":{"ReadUnitsPerSecond":12000}]], "", WarmThroughput = warm(12000, 4000) },
      { [["WarmThroughput":{"ReadUnitsPerSecond":12002}]], "", WarmThroughput = warm(12002, 4000) },
      { [["WarmThroughput":{"ReadUnitsPerSecond":12001}]], INVALID .. COLDER:format "table" },
      { [["WarmThroughput":{"ReadUnitsPerSecond":13000},"BillingMode":"PAY_PER_REQUEST"]], INVALID .. "WarmThroughput must be the only operation in the request" },
      { PROVISIONED:format(12003), "", WarmThroughput = warm(12003, 4000) },
    },
    index = {
      { index "", INVALID .. "The only Updates for index: gsi when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput" },
      { index [[,"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1}]], INVALID .. "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: gsi when BillingMode is PAY_PER_REQUEST" },
      { index [[,"WarmThroughput":{}]], INVALID .. "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: gsi" },
      { index [[,"WarmThroughput":{"ReadUnitsPerSecond":1}]], INVALID .. COLDER:format "index gsi" },
      { index [[,"OnDemandThroughput":{"MaxReadRequestUnits":7}]], "" },
      { (index [[,"WarmThroughput":{"ReadUnitsPerSecond":1}]]):gsub("gsi", "nosuch"), "ResourceNotFoundException: Requested resource not found: Index nosuch for table Set" },
      { [=["GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"lsi"}}]]=], "ValidationException: Cannot delete an index that is not a GlobalSecondaryIndex: lsi" },
    },
  } do
    it("change: " .. name, function()
      for _, change in ipairs(changes) do
        local answer = call("UpdateTable", [[{"TableName":"Set",]] .. change[1] .. "}")
        assert.equal(change[2], answer:sub(1, 1) == "{" and "" or answer, change[1])
        local now = json.decode(call("DescribeTable", [[{"TableName":"Set"}]])).Table
        for member, value in pairs(change) do
          if type(member) == "string" then assert.same(value, now[member]) end
        end
      end
    end)
  end
end)

describe("a table's life", function()
  local function described(name)
    local answer = json.decode(call("DescribeTable", ('{"TableName":"%s"}'):format(name)))
    return answer and answer.Table
  end

  it("starts as CREATING, and is ACTIVE when asked for", function()
    local answer = call("CreateTable", [[{"TableName":"Life","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"ProvisionedThroughput":{"ReadCapacityUnits":2,"WriteCapacityUnits":3}}]])
    assert.equal("CREATING", json.decode(answer).TableDescription.TableStatus)
    local life = described "Life"
    assert.equal("ACTIVE", life.TableStatus)
    assert.same({ ReadCapacityUnits = 2, WriteCapacityUnits = 3, NumberOfDecreasesToday = 0 }, life.ProvisionedThroughput)
    assert.equal(0, life.ItemCount)
  end)

  it("counts its items and their bytes", function()
    call("PutItem", [[{"TableName":"Life","Item":{"a":{"S":"xyz"},"n":{"N":"12"}}}]])
    local life = described "Life"
    assert.equal(1, life.ItemCount)
    assert.equal(7, life.TableSizeBytes)
  end)

  it("is found by its ARN, too", function()
    local arn = described "Life".TableArn
    assert.equal([[{"Item":{"a":{"S":"xyz"},"n":{"N":"12"}}}]],
      call("GetItem", ('{"TableName":"%s","Key":{"a":{"S":"xyz"}}}'):format(arn)))
  end)

  it("gains and loses an index", function()
    call("UpdateTable", [[{"TableName":"Life","AttributeDefinitions":[{"AttributeName":"n","AttributeType":"N"}],"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"by_n","KeySchema":[{"AttributeName":"n","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"},"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1}}}]}]])
    local query = [[{"TableName":"Life","IndexName":"by_n","KeyConditionExpression":"n = :n","ExpressionAttributeValues":{":n":{"N":"12"}},"Select":"COUNT"}]]
    assert.equal([[{"Count":1,"ScannedCount":1}]], call("Query", query))
    call("UpdateTable", [[{"TableName":"Life","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"by_n"}}]}]])
    assert.equal("ValidationException: The table does not have the specified index: by_n", call("Query", query))
  end)

  it("is not deleted while it is protected", function()
    call("UpdateTable", [[{"TableName":"Life","DeletionProtectionEnabled":true}]])
    assert.truthy(call("DeleteTable", [[{"TableName":"Life"}]]):find "^ValidationException: Resource cannot be deleted")
    call("UpdateTable", [[{"TableName":"Life","DeletionProtectionEnabled":false}]])
  end)

  it("has a stream's name while there is one", function()
    local function stream(specification)
      call("UpdateTable", ('{"TableName":"Life","StreamSpecification":%s}'):format(specification))
      local life = described "Life"
      return life.StreamSpecification, life.LatestStreamArn
    end
    local on, arn = stream [[{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}]]
    assert.same({ StreamEnabled = true, StreamViewType = "KEYS_ONLY" }, on)
    assert.truthy(arn:find "^arn:aws:dynamodb:us%-east%-1:123456789012:table/Life/stream/%d+%-%d+%-%d+T%d+:%d+:%d+%.%d%d%d$")
    assert.is_nil((stream [[{"StreamEnabled":false}]]))
  end)

  it("counts what is taken from its throughput", function()
    local function provision(read, write)
      call("UpdateTable", ([[{"TableName":"Life","ProvisionedThroughput":{"ReadCapacityUnits":%d,"WriteCapacityUnits":%d}}]]):format(read, write))
      local now = described "Life".ProvisionedThroughput
      return ("%d %s %s"):format(now.NumberOfDecreasesToday, now.LastIncreaseDateTime and "more" or "-", now.LastDecreaseDateTime and "less" or "-")
    end
    assert.same({ "0 more -", "1 more less", "2 more less", "2 more less" }, { provision(5, 5), provision(9, 4), provision(1, 1), provision(2, 3) })
  end)

  it("tells of warmth once it is there", function()
    local made = json.decode(call("CreateTable", [[{"TableName":"Warm","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"GlobalSecondaryIndexes":[{"IndexName":"gsi","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]}]])).TableDescription
    local warm = { ReadUnitsPerSecond = 12000, WriteUnitsPerSecond = 4000, Status = "ACTIVE" }
    local now = described "Warm"
    assert.same({}, { made.WarmThroughput, made.GlobalSecondaryIndexes[1].WarmThroughput })
    assert.same({ warm, warm }, { now.WarmThroughput, now.GlobalSecondaryIndexes[1].WarmThroughput })
    call("DeleteTable", [[{"TableName":"Warm"}]])
  end)

  it("can be recovered from where it was, when asked", function()
    local function recovery(operation, more)
      local answer = call(operation, [[{"TableName":"Life"]] .. (more or "") .. "}")
      return assert(json.decode(answer), answer).ContinuousBackupsDescription.PointInTimeRecoveryDescription
    end
    local ON = [[,"PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":%s}]]
    assert.same({ PointInTimeRecoveryStatus = "DISABLED" }, recovery "DescribeContinuousBackups")
    local first = recovery("UpdateContinuousBackups", ON:format "true")
    assert.equal("ENABLED 35", first.PointInTimeRecoveryStatus .. " " .. first.RecoveryPeriodInDays)
    local second = recovery("UpdateContinuousBackups", ON:format [[true,"RecoveryPeriodInDays":7]])
    assert.equal(first.EarliestRestorableDateTime, second.EarliestRestorableDateTime)
    assert.is_true(second.LatestRestorableDateTime >= second.EarliestRestorableDateTime)
    assert.equal(7, recovery "DescribeContinuousBackups".RecoveryPeriodInDays)
    assert.equal("ValidationException: Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.",
      call("UpdateContinuousBackups", [[{"TableName":"Life"]] .. ON:format [[false,"RecoveryPeriodInDays":7]] .. "}"))
    assert.same({ PointInTimeRecoveryStatus = "DISABLED" }, recovery("UpdateContinuousBackups", ON:format "false"))
    for _, operation in ipairs { "DescribeContinuousBackups", "UpdateContinuousBackups" } do
      assert.equal("TableNotFoundException: Table not found: nosuch", call(operation, [[{"TableName":"nosuch"]] .. ON:format "true" .. "}"))
    end
  end)

  it("says the time of its making once", function()
    call("CreateTable", [[{"TableName":"Young","KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}]])
    local young = described "Young"
    assert.equal(young.CreationDateTime, young.BillingModeSummary.LastUpdateToPayPerRequestDateTime)
    call("DeleteTable", [[{"TableName":"Young"}]])
  end)

  it("is tagged with letters of any alphabet, and no word is said", function()
    local arn = described "Life".TableArn
    local tag = [[{"ResourceArn":"%s","Tags":[{"Key":"ключ","Value":""}]}]]
    assert.equal("", call("TagResource", tag:format(arn)))
    assert.equal([[{"Tags":[{"Key":"ключ","Value":""}]}]], call("ListTagsOfResource", ('{"ResourceArn":"%s"}'):format(arn)))
    assert.equal("", call("UntagResource", ('{"ResourceArn":"%s","TagKeys":["ключ"]}'):format(arn)))
  end)

  it("ends with its items", function()
    local last = json.decode(call("DeleteTable", [[{"TableName":"Life"}]])).TableDescription
    assert.equal("DELETING", last.TableStatus)
    assert.same({}, { last.KeySchema, last.AttributeDefinitions, last.CreationDateTime })
    assert.equal("ResourceNotFoundException: Requested resource not found: Table: Life not found", call("DescribeTable", [[{"TableName":"Life"}]]))
    assert.equal("ResourceNotFoundException: Requested resource not found", call("GetItem", [[{"TableName":"Life","Key":{"a":{"S":"xyz"}}}]]))
  end)

  it("expires attributes only once", function()
    local on = [[{"TableName":"Hash1","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"ttl"}}]]
    assert.equal([[{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}]], call("DescribeTimeToLive", [[{"TableName":"Hash1"}]]))
    assert.equal([[{"TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}]], call("UpdateTimeToLive", on))
    assert.equal("ValidationException: TimeToLive is already enabled", call("UpdateTimeToLive", on))
    assert.equal([[{"TimeToLiveDescription":{"AttributeName":"ttl","TimeToLiveStatus":"ENABLED"}}]], call("DescribeTimeToLive", [[{"TableName":"Hash1"}]]))
  end)
end)
