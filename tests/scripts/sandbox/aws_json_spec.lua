-- SPDX-License-Identifier: MIT
-- The frame, with a service of the spec's own, so that nothing here depends on a vendor's operations.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "client.lua")
local aws_json = require "sandbox.aws_json"
local crypto = require "crypto"
local failure = require "sandbox.failure"
local json = require "json"

local TYPE = "application/x-amz-json-1.0"

local function service(more)
  local result = {
    name = "demo", signing_name = "dynamodb", target_prefix = "Demo_1", content_type = TYPE,
    unsigned = { Echo = true, Refuse = true, Break = true, Nothing = true, Cancel = true },
    operations = {
      Echo = function(input) return { got = input } end,
      Refuse = function() failure("ValidationException", "no\nway", { Item = { pk = { S = "a" } } }) end,
      Cancel = function() failure("TransactionCanceledException", "cancelled") end,
      Break = function() error("what a pity") end,
      Nothing = function() end,
      Signed = function() return {} end,
    },
  }
  for name, value in pairs(more or {}) do result[name] = value end
  return result
end

local function send(fields, more)
  local request = { method = fields.method, path = fields.path, body = fields.body or "{}", headers = {
    ["content-type"] = fields.type or TYPE, ["x-amz-target"] = fields.target or "Demo_1.Echo",
    ["content-encoding"] = fields.encoding, origin = fields.origin } }
  return aws_json.handle(service(more), client.request(request))
end

describe("the frame of JSON services", function()
  it("hands over the input and writes the output", function()
    local reply = send { body = '{"a":[1,"x"]}' }
    assert.equal(200, reply.status)
    assert.equal('{"got":{"a":[1,"x"]}}', reply.body)
    assert.equal(TYPE, reply.headers["Content-Type"])
  end)

  local REFUSALS = {
    { "another service's target", { target = "Other_1.Echo" }, 400,
      '{"__type":"UnknownOperationException"}' },
    { "an operation that is not there", { target = "Demo_1.Dance" }, 400,
      '{"__type":"UnknownOperationException"}' },
    { "no target", { target = "" }, 400, '{"__type":"UnknownOperationException"}' },
    { "a body that is no JSON", { body = "{" }, 400, '{"__type":"SerializationException"}' },
    { "a body that is a list", { body = "[]" }, 400, '{"__type":"SerializationException"}' },
    { "a body that is a word", { body = '"x"' }, 400, '{"__type":"SerializationException"}' },
    { "no body", { body = "" }, 400, '{"__type":"SerializationException"}' },
    { "bad JSON before an unknown target", { body = "{", target = "x" }, 400,
      '{"__type":"SerializationException"}' },
    { "another method", { method = "PUT" }, 404, "<UnknownOperationException/>\n" },
    { "another media type", { type = "text/plain" }, 404, "<UnknownOperationException/>\n" },
  }
  for _, case in ipairs(REFUSALS) do
    it("refuses " .. case[1], function()
      local reply = send(case[2])
      assert.same({ case[3], case[4] }, { reply.status, reply.body })
    end)
  end

  it("takes plain JSON's media type, and parameters of it", function()
    assert.equal("application/json",
      send({ type = "application/json; charset=utf-8" }).headers["Content-Type"])
  end)

  it("writes a refusal with its further members", function()
    local reply = send { target = "Demo_1.Refuse" }
    assert.equal(400, reply.status)
    assert.same({ __type = "ValidationException", message = "no\nway", Item = { pk = { S = "a" } } },
      json.decode(reply.body))
    assert.is_nil(reply.headers["x-amzn-errortype"])
  end)

  it("names codes as the service does", function()
    local reply = send({ target = "Demo_1.Refuse" },
      { error_type = function(code) return "com.demo#" .. code end })
    assert.equal("com.demo#ValidationException", json.decode(reply.body).__type)
  end)

  it("writes Message for the codes that have it so", function()
    local body = json.decode(send({ target = "Demo_1.Cancel" }).body)
    assert.same({ __type = "TransactionCanceledException", Message = "cancelled" }, body)
  end)

  it("writes Message for the codes that one service has so", function()
    local body = json.decode(send({ target = "Demo_1.Refuse" },
      { capital_message = { ValidationException = true } }).body)
    assert.equal("no\nway", body.Message)
  end)

  local COMPRESSED = crypto.unbase64 "H4sIAAAAAAACA6tWSlSyMqgFAO6dAE8HAAAA" -- {"a":0}
  for _, case in ipairs {
    { "gzip", COMPRESSED, 200, '{"got":{"a":0}}' },
    { "GZIP", COMPRESSED, 200, '{"got":{"a":0}}' },
    { "identity", "{}", 200, '{"got":{}}' },
    { "gzip", "{}", 500, '{"__type":"InternalServerError","message":"Internal server error"}' },
    { "gzip", COMPRESSED:sub(1, -2), 500, '{"__type":"InternalServerError","message":"Internal server error"}' },
    { "br", "{}", 500, '{"__type":"InternalServerError","message":"Internal server error"}' },
  } do
    it(("reads %d bytes of %s as the services do"):format(#case[2], case[1]), function()
      local reply = send { encoding = case[1], body = case[2] }
      assert.same({ case[3], case[4] }, { reply.status, reply.body })
    end)
  end

  it("repeats a refusal in headers, on one line", function()
    local reply = send({ target = "Demo_1.Refuse" }, { error_headers = true })
    assert.equal("ValidationException:", reply.headers["x-amzn-errortype"])
    assert.equal("no way", reply.headers["x-amzn-errormessage"])
  end)

  it("answers a broken operation with the vendor's 500", function()
    local reply = send { target = "Demo_1.Break" }
    assert.equal(500, reply.status)
    assert.equal("InternalServerError", json.decode(reply.body).__type)
    reply = send({ target = "Demo_1.Break" },
      { internal = { "InternalErrorException", "Something went wrong" } })
    assert.same({ __type = "InternalErrorException", message = "Something went wrong" },
      json.decode(reply.body))
    assert.not_matches("pity", reply.body)
  end)

  it("answers an operation without output with nothing", function()
    assert.equal("", send({ target = "Demo_1.Nothing" }).body)
  end)

  it("gives request ids and checksums of DynamoDB's kind", function()
    local reply = send({ body = "{}" }, { crc32 = true })
    assert.matches("^[A-Z0-9]+$", reply.headers["x-amzn-RequestId"])
    assert.equal(52, #reply.headers["x-amzn-RequestId"])
    assert.equal(tostring(crypto.crc32(reply.body)), reply.headers["x-amz-crc32"])
    assert.equal("Server", reply.headers.Server)
    assert.equal("application/json", send({ type = "", body = "" }, { crc32 = true }).headers["Content-Type"])
    assert.equal("3552371480", send({ method = "PUT" }, { crc32 = true }).headers["x-amz-crc32"])
    local health = send({ method = "GET" }, { crc32 = true })
    assert.same({ 200, "healthy: dynamodb.us-east-1.amazonaws.com " }, { health.status, health.body })
  end)

  it("lets a browser in", function()
    local reply = send { origin = "http://localhost:3000" }
    assert.equal("*", reply.headers["Access-Control-Allow-Origin"])
    assert.equal(200, send({ method = "OPTIONS", origin = "http://localhost:3000" }).status)
    assert.is_nil(send({}).headers["Access-Control-Allow-Origin"])
  end)
end)
