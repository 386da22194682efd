-- SPDX-License-Identifier: MIT
-- For the specs of aws.lua: it stands between fakes of all that it calls.
local keep_modules = require "tests.bindings.keep_modules"

local aws_world = {}

local FAKES <const> = { "aws_credentials", "aws_env",
  "clock", "config", "crypto", "http", "log", "metrics", "sigv4", "task", "aws" }

local restore, world


-- A fresh aws.lua (world.aws) in a world of its own: world.answers are given one by one, world.sent collects requests.
function aws_world.begin(settings)
  world = { answers = {}, sent = {}, signed = {}, slept = {},
    awaited = {}, renewed = {}, observed = {}, counted = {}, env = {},
    monotonic = 1000, epoch = 1440938160, trip = 0.5, ids = 0 }
  local replacements = {
    config = settings,
    aws_env = { region = function() return world.env.region end,
      endpoint_url = function(id) return world.env[id] or world.env.all end,
      setting = function(variable) return world.env[variable] end },
    aws_credentials = {
      await = function(seconds)
        world.awaited[#world.awaited + 1] = seconds
        if world.comes then world.unsignable = nil end
        return world.comes
      end,
      renew = function(id, seconds)
        world.renewed[#world.renewed + 1] = { id, seconds }
        return world.comes
      end },
    clock = { parse_http_date = require "clock".parse_http_date,
      now = function() return world.epoch end, monotonic = function() return world.monotonic end,
      sleep = function(seconds)
        world.slept[#world.slept + 1] = seconds
        world.monotonic, world.epoch = world.monotonic + seconds, world.epoch + seconds
      end },
    crypto = { crc32 = function(s) return #s end,
      uuid = function() world.ids = world.ids + 1 return "uuid-" .. world.ids end },
    sigv4 = { sign = function(request)
      world.signed[#world.signed + 1] = request
      if world.unsignable then return nil, world.unsignable end
      local headers = { authorization = "AWS4-HMAC-SHA256 Credential=AK/x, Signature=y" }
      for name, value in pairs(request.headers) do headers[name] = value end
      return headers
    end },
    http = { fetch = function(request)
      world.sent[#world.sent + 1] = request
      world.monotonic, world.epoch = world.monotonic + world.trip, world.epoch + world.trip
      local answer = assert(table.remove(world.answers, 1), "one request more than expected")
      if answer.kind then return nil, answer end
      return { status = answer[1], body = answer[2] or "", headers = answer[3] or {} }
    end },
    metrics = {
      observe = function(name, seconds, dims) table.insert(world.observed, { name, seconds, dims }) end,
      count = function(name, n, dims) table.insert(world.counted, { name, n, dims }) end,
    },
    task = { deadline = function() return world.request_deadline end },
    log = setmetatable({}, { __index = function() return function() end end }),
  }
  restore = restore or keep_modules(FAKES)
  for name, module in pairs(replacements) do package.loaded[name] = module end
  package.loaded.aws = nil
  world.aws = require "aws"
  return world
end


-- The real modules again.
function aws_world.finish()
  restore()
  restore = nil
end


-- One call of DynamoDB; extra: more of the request.
function aws_world.call(extra)
  local request = { service = "dynamodb", target = "DynamoDB_20120810.PutItem", input = { TableName = "T" },
    retry = "safe", timeout = 60 }
  for name, value in pairs(extra or {}) do request[name] = value end
  return world.aws.call(request)
end


-- An answer of the wire; extra: its headers.
function aws_world.refusal(code, status, extra)
  local body = ('{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"why"}'):format(code)
  return { status or 400, body, extra }
end


return aws_world
