-- SPDX-License-Identifier: MIT
-- The sandbox's CloudWatch without sockets: limits, readers, pages, and the protocol in CBOR. boto3 is in interop/.
local client = dofile "tests/scripts/sandbox/client.lua"
local crypto, json = require "crypto", require "json"
local cbor, time = require "sandbox.cloudwatch.cbor", require "sandbox.time"
local decode = require "sandbox.cloudwatch.query".decode

local SERVICE <const> = "/service/GraniteServiceVersion20100801/operation/"

local function ask(operation, input)
  local headers = client.headers("cloudwatch", operation)
  local body = json.encode(input)
  local reply = client.send { listener = "cloudwatch", body = body,
    headers = client.sign("cloudwatch", headers, body) }
  return reply.status, reply.body ~= "" and json.decode(reply.body) or {}
end

local function ask_cbor(operation, bytes, encoding)
  return client.rest("cloudwatch", { path = SERVICE .. operation, body = bytes, headers = {
    ["content-type"] = "application/cbor", ["smithy-protocol"] = "rpc-v2-cbor", ["content-encoding"] = encoding } })
end

local serial = 0
local function namespace()
  serial = serial + 1
  return "spec" .. serial
end

local function put(data, name)
  return ask("PutMetricData", { Namespace = name or "spec", MetricData = json.array(data) })
end

local function many(count, make)
  local list = {}
  for i = 1, count do list[i] = make(i) end
  return json.array(list)
end

local function read(more)
  local now = math.floor(time.now())
  local input = { Namespace = "spec", MetricName = "m", StartTime = now - 3600, EndTime = now + 3600, Period = 60,
    Statistics = json.array { "Sum" } }
  for name, value in pairs(more) do input[name] = value or nil end
  return input
end

local function queries(...)
  local now = math.floor(time.now())
  return { StartTime = now - 600, EndTime = now + 600, MetricDataQueries = json.array { ... } }
end

local function query(more)
  local metric = { Namespace = "spec", MetricName = "m" }
  local made = { Id = "a", MetricStat = { Metric = metric, Period = 60, Stat = "Sum" } }
  for name, value in pairs(more) do made[name] = value or nil end
  return made
end

local DIMENSION <const> = "MetricData.member.1.Dimensions.member.1."

-- what, operation, input, code, message
local REFUSED = {
  { "a dimension's name with a colon", "PutMetricData", { Namespace = "spec",
    MetricData = { { MetricName = "m", Value = 1, Dimensions = { { Name = ":a", Value = "b" } } } } },
    "InvalidParameterValue", "The value :a for parameter " .. DIMENSION .. "Name is invalid." },
  { "a dimension's value over 1024", "PutMetricData", { Namespace = "spec",
    MetricData = { { MetricName = "m", Value = 1, Dimensions = { { Name = "a", Value = ("x"):rep(1025) } } } } },
    "InvalidParameterValue", ("The value %s for parameter %sValue is invalid."):format(("x"):rep(1025), DIMENSION) },
  { "nothing", "PutMetricData", { Namespace = "spec" }, "MissingParameter", "The parameter MetricData is required." },
  { "an entity's metric without a value", "PutMetricData", { Namespace = "spec", EntityMetricData = { { MetricData = {
    { MetricName = "m" } } } } }, "MissingParameter",
    "The parameter EntityMetricData.member.1.MetricData.member.1.Value is required." },
  { "a period of 7", "GetMetricStatistics", read { Period = 7 }, "InvalidParameterValue",
    "The parameter Period must be a multiple of 60." },
  { "too many points", "GetMetricStatistics", read { Period = 1 }, "InvalidParameterCombination",
    "You have requested up to 7200 datapoints, which exceeds the limit of 1440. You may reduce the datapoints "
    .. "requested by increasing Period, or decreasing the time range." },
  { "an end before the start", "GetMetricStatistics", read { EndTime = 1 }, "InvalidParameterCombination",
    "The parameter StartTime must be less than the parameter EndTime." },
  { "no statistics", "GetMetricStatistics", read { Statistics = json.array {} }, "MissingParameter",
    "The parameter Statistics is required." },
  { "another statistic", "GetMetricData", queries(query { MetricStat = { Period = 60, Stat = "Most",
    Metric = { Namespace = "spec", MetricName = "m" } } }), "InvalidParameterValue",
    "The value Most for parameter Statistics is invalid." },
  { "a query's id with a capital", "GetMetricData", queries(query { Id = "A" }), "ValidationError",
    "The value A for parameter Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$." },
  { "one id twice", "GetMetricData", queries(query {}, query {}), "ValidationError",
    "The values for parameter id in MetricDataQueries are not unique." },
  { "a token that is none", "ListMetrics", { NextToken = "x" }, "InvalidParameterValue",
    "Request parameter NextToken is invalid" },
  { "another activity", "ListMetrics", { RecentlyActive = "PT1H" }, "InvalidParameterValue",
    "The value PT1H for parameter RecentlyActive is invalid." },
}

describe("CloudWatch", function()
  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1], function()
      local status, body = ask(case[2], case[3])
      local name = case[4] == "MissingParameter" and "MissingRequiredParameter" or case[4]
      assert.same({ 400, ("com.amazonaws.cloudwatch#%sException"):format(name), case[5] },
        { status, body.__type, body.message })
    end)
  end

  for _, case in ipairs {
    { "PutMetricData", { Namespace = 1 } },
    { "PutMetricData", { Namespace = "spec", MetricData = { MetricName = "m" } } },
    { "PutMetricData", { Namespace = "spec", MetricData = { 1 } } },
    { "PutMetricData", { Namespace = "spec", MetricData = { json.null } } },
    { "PutMetricData", { Namespace = "spec", MetricData = { { MetricName = "m", Value = "1" } } } },
    { "PutMetricData", { Namespace = "spec", MetricData = { { MetricName = "m", Values = { { 1 } } } } } },
    { "ListMetrics", { NextToken = { "x" } } },
    { "GetMetricStatistics", read { Period = "60" } },
    { "GetMetricData", queries(query { ReturnData = "true" }) },
    { "GetMetricData", { StartTime = "NaN", EndTime = 1, MetricDataQueries = {} } },
  } do
    it(("%s cannot read %s"):format(case[1], json.encode(case[2], { sorted = true })), function()
      local status, body = ask(case[1], case[2])
      assert.same({ 400, { __type = "com.amazon.coral.service#SerializationException" } }, { status, body })
    end)
  end

  it("takes null for nothing, and NaN for a value that is none", function()
    local function put_one(value, at)
      return select(2, put { { MetricName = "m", Value = value, Timestamp = at } }).message
    end
    assert.is_nil(put_one(1, json.null))
    assert.equal("The value NaN for parameter MetricData.member.1.Value is invalid.", put_one "NaN")
    assert.equal("The parameter MetricData.member.1.Value is required.", put_one(json.null))
  end)

  it("takes a dimension's value of 1024, and an entity's metrics", function()
    local name = namespace()
    local long = { { Name = "a", Value = ("x"):rep(1024) } }
    assert.equal(200, (put({ { MetricName = "m", Value = 1, Dimensions = long } }, name)))
    assert.equal(200, (ask("PutMetricData", { Namespace = name, EntityMetricData = {
      { Entity = { KeyAttributes = { Name = "x" } }, MetricData = { { MetricName = "e", Value = 2 } } } } })))
    local _, body = ask("ListMetrics", { Namespace = name })
    assert.equal(2, #body.Metrics)
  end)

  it("lists 500 metrics a page", function()
    local name = namespace()
    put(many(501, function(i) return { MetricName = ("m%03d"):format(i), Value = 1 } end), name)
    local _, first = ask("ListMetrics", { Namespace = name })
    local _, second = ask("ListMetrics", { Namespace = name, NextToken = first.NextToken })
    assert.same({ 500, 1 }, { #first.Metrics, #second.Metrics })
    assert.equal("m501", second.Metrics[1].MetricName)
    assert.is_nil(second.NextToken)
  end)

  it("lists exactly 500 on one", function()
    local name = namespace()
    put(many(500, function(i) return { MetricName = "m" .. i, Value = 1 } end), name)
    local _, body = ask("ListMetrics", { Namespace = name })
    assert.is_nil(body.NextToken)
  end)

  it("lists what was sent within three hours, when asked so", function()
    local name, now = namespace(), math.floor(time.now())
    put({ { MetricName = "old", Value = 1, Timestamp = now - 4 * 3600 }, { MetricName = "new", Value = 1 } }, name)
    local _, body = ask("ListMetrics", { Namespace = name, RecentlyActive = "PT3H" })
    assert.same({ "new" }, { body.Metrics[1].MetricName, body.Metrics[2] and body.Metrics[2].MetricName })
  end)

  it("gives the values of many metrics at once", function()
    local name, minute = namespace(), math.floor(time.now()) // 60 * 60
    local function value(number, at) return { MetricName = "m", Value = number, Timestamp = at } end
    put({ value(1, minute - 60), value(3, minute - 60), value(5, minute) }, name)
    local metric = { Namespace = name, MetricName = "m" }
    local input = queries({ Id = "sum", MetricStat = { Metric = metric, Period = 60, Stat = "Sum" } },
      { Id = "most", Label = "L", MetricStat = { Metric = metric, Period = 60, Stat = "Maximum" } },
      { Id = "silent", ReturnData = false, MetricStat = { Metric = metric, Period = 60, Stat = "Sum" } })
    local _, body = ask("GetMetricData", input)
    assert.same({
      { Id = "sum", Label = "m", StatusCode = "Complete", Values = { 5, 4 }, Timestamps = { minute, minute - 60 } },
      { Id = "most", Label = "L", StatusCode = "Complete", Values = { 5, 3 }, Timestamps = { minute, minute - 60 } },
    }, body.MetricDataResults)
    input.ScanBy = "TimestampAscending"
    _, body = ask("GetMetricData", input)
    assert.same({ 4, 5 }, body.MetricDataResults[1].Values)
  end)
end)

local function bytes(hex)
  return (hex:gsub("%s", ""):gsub("%x%x", function(two) return string.char(tonumber(two, 16)) end))
end

-- RFC 8949, appendix A, and what is no CBOR: hex, value (nil: it is refused)
local CBOR = {
  { "00", 0 }, { "17", 23 }, { "1818", 24 }, { "1903e8", 1000 }, { "1a000f4240", 1000000 }, { "20", -1 },
  { "3863", -100 },
  { "1b000000e8d4a51000", 1000000000000 }, { "f90000", 0.0 }, { "f93c00", 1.0 }, { "f97bff", 65504.0 },
  { "fa47c35000", 100000.0 }, { "fb3ff199999999999a", 1.1 }, { "f9c400", -4.0 }, { "f90001", 2.0 ^ -24 },
  { "f4", false }, { "f5", true }, { "f6", json.null }, { "c11a514b67b0", 1363896240 }, { "60", "" },
  { "62c3bc", "ü" }, { "4401020304", "\1\2\3\4" }, { "80", {} }, { "83010203", { 1, 2, 3 } }, { "9f0102ff", { 1, 2 } },
  { "a26161016162820203", { a = 1, b = { 2, 3 } } }, { "bf61610161629f0203ffff", { a = 1, b = { 2, 3 } } },
  { "7f657374726561646d696e67ff", "streaming" },
  { "" }, { "18" }, { "62c3" }, { "83 0102" }, { "ff" }, { "0001" }, { "a1 01 01" }, { "1c" }, { "1f" }, { "f0" },
  { ("81"):rep(40) .. "01" },
}

describe("CBOR", function()
  for _, case in ipairs(CBOR) do
    it("is read: " .. case[1]:sub(1, 24), function()
      local value, problem = cbor.decode(bytes(case[1]))
      assert.same(case[2], value)
      assert.equal(case[2] == nil, problem ~= nil)
    end)
  end

  it("is written so that it reads the same", function()
    for _, value in ipairs { 0, 23, 24, 255, 256, 65536, 1 << 40, -1, -25, 1.5, true, "ü", json.array {}, {},
      { a = { 1, 2, { b = "c" } } } } do
      assert.same(value, cbor.decode(cbor.encode(value)))
    end
    assert.equal(bytes "a1 69 54696d657374616d70 c1 fb 4059000000000000", cbor.encode({ Timestamp = 100 },
      { Timestamp = true }))
  end)

  it("carries CloudWatch's calls and refusals", function()
    local name, now = namespace(), math.floor(time.now())
    local sent = ask_cbor("PutMetricData", cbor.encode({ Namespace = name, MetricData = json.array {
      { MetricName = "m", Value = 2, Timestamp = now, Dimensions = json.array {} } } }, { Timestamp = true }))
    assert.same({ 200, "rpc-v2-cbor" }, { sent.status, sent.headers["smithy-protocol"] })
    local got = ask_cbor("GetMetricStatistics", cbor.encode(read { Namespace = name }))
    assert.same({ { Sum = 2.0, Timestamp = now // 60 * 60 + 0.0, Unit = "None" } }, cbor.decode(got.body).Datapoints)
    local refused = ask_cbor("PutMetricData", cbor.encode { Namespace = name })
    assert.same({ 400, "MissingParameter;Sender", "application/cbor" },
      { refused.status, refused.headers["x-amzn-query-error"], refused.headers["Content-Type"] })
    assert.equal("com.amazonaws.cloudwatch#MissingRequiredParameterException", cbor.decode(refused.body).__type)
    assert.equal(400, ask_cbor("PutMetricData", "\255").status)
    assert.equal(400, ask_cbor("Nothing", "\xa0").status)
  end)

  it("may be compressed", function()
    -- {"Namespace": "zip", "MetricData": [{"MetricName": "m", "Value": 1}]}
    local packed = crypto.unbase64("H4sIAAAAAAACA1uU6ZeYm1pckJicmlyVWZDlm1pSlJnskliS2LgIygEpAKKwxJzSVEYA5Q"
      .. "fW2zAAAAA=")
    assert.equal(200, ask_cbor("PutMetricData", packed, "gzip").status)
    assert.equal("m", select(2, ask("ListMetrics", { Namespace = "zip" })).Metrics[1].MetricName)
    assert.equal(500, ask_cbor("PutMetricData", "no", "gzip").status)
  end)

  it("is signed as everything else", function()
    local reply = client.send { listener = "cloudwatch", path = SERVICE .. "ListMetrics", body = "\xa0",
      headers = { ["content-type"] = "application/cbor", host = "127.0.0.1" } }
    assert.equal("com.amazon.coral.service#MissingAuthenticationTokenException", cbor.decode(reply.body).__type)
  end)
end)

describe("A timestamp of the Query protocol", function()
  for _, case in ipairs {
    { "2015-08-30T12:36:00Z", 1440938160 }, { "2015-08-30T12:36:00.5Z", 1440938160.5 },
    { "2015-08-30T12:36:00", 1440938160 },
    { "2015-08-30" }, { "2015-02-30T12:36:00Z" }, { "1440938160" }, { "" },
  } do
    it(("%q"):format(case[1]), function()
      local ok, name, input = pcall(decode, "Action=GetMetricStatistics&StartTime=" .. case[1])
      assert.equal(case[2] ~= nil, ok)
      if ok then
        assert.same({ "GetMetricStatistics", { StartTime = case[2] } }, { name, input })
      else
        assert.equal("InvalidParameterValue", name.code)
      end
    end)
  end
end)
