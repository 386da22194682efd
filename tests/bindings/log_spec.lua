-- SPDX-License-Identifier: MIT
-- log: one JSON object a line whatever is logged, and nothing in it that belongs to a person or a secret.
local json, secret, sink = require "json", require "secret", require "log_sink"

local usher = io.popen("readlink /proc/$PPID/exe"):read("l")

-- log.lua over a sink that keeps what it is given.
local lines = {}
local real = package.loaded.log
package.loaded.log_sink = {
  wants = function(level) return level ~= "debug" end,
  redacts = sink.redacts,
  write = function(level, event, object)
    lines[#lines + 1] = { level, event, object and assert(json.decode(object, { unique = true })) }
  end,
}
package.loaded.log = nil
local log = require "log"
package.loaded.log, package.loaded.log_sink = real, sink

local function logged(fields)
  lines = {}
  log.info("it", fields)
  assert.equal(1, #lines)
  return lines[1][3]
end

local raising = setmetatable({}, { __tostring = function() error "never" end, __pairs = function() error "never" end })
local circle = {}
circle.circle = circle

local CASES <const> = { -- name, fields, what stands in the line
  { "plain values", { a = 1, b = 1.5, c = "x", d = true, e = json.null },
    { a = 1, b = 1.5, c = "x", d = true, e = json.null } },
  { "lists", { list = { 1, { 2 }, "three" } }, { list = { 1, { 2 }, "three" } } },
  { "an empty table", { map = {} }, { map = {} } },
  { "lists with names, whole", { mixed = { "a", x = "b" } }, { mixed = { ["1"] = "a", x = "b" } } },
  { "redacted names", { Password = "x", api_key = "y", ["Set-Cookie"] = "z", step = "s" },
    { Password = "[redacted]", api_key = "[redacted]", ["Set-Cookie"] = "[redacted]", step = "s" } },
  { "redacted names at any depth", { a = { b = { { email = "x", ok = 1 } } } },
    { a = { b = { { email = "[redacted]", ok = 1 } } } } },
  { "redacted tables", { token = { a = "x" } }, { token = "[redacted]" } },
  { "secrets", { key = secret.new("stripe.key", "v") }, { key = "<secret stripe.key>" } },
  { "what JSON has no number for", { a = 0.0, b = math.huge, c = -math.huge },
    { a = 0.0, b = "inf", c = "-inf" } },
  { "bytes that are not UTF-8", { ["n\xff"] = "v\xfe", good = "é" }, { ["n?"] = "v?", good = "é" } },
  { "control characters", { a = "\1\n\27\"\\" }, { a = "\1\n\27\"\\" } },
  { "the line's own names, aside", { ts = 1, level = 2, event = 3, request_id = 4, at = { level = 5 } },
    { ts_ = 1, level_ = 2, event_ = 3, request_id_ = 4, at = { level = 5 } } },
  { "a value alone", "text", { value = "text" } },
  { "a list alone", { "a", "b" }, { ["1"] = "a", ["2"] = "b" } },
  { "values that cannot be shown", { a = raising }, nil },
}

describe("log", function()
  for _, case in ipairs(CASES) do
    it("writes " .. case[1], function()
      local object = logged(case[2])
      if case[3] then assert.same(case[3], object) end
    end)
  end

  it("ends where a circle would go on", function()
    local object, depth = logged { circle = circle }, 0
    while type(object) == "table" do object, depth = object.circle, depth + 1 end
    assert.matches("^table:", object)
    assert.is_true(depth < 10)
  end)

  it("shows functions, threads and tables as keys by their kind", function()
    local object = logged { f = print, co = coroutine.create(print), [print] = 1, [2.5] = 2 }
    assert.matches("^function:", object.f)
    assert.matches("^thread:", object.co)
    assert.equal(2, object["2.5"])
  end)

  it("writes no fields", function()
    lines = {}
    log.warn "alone"
    log.error("empty", {})
    assert.same({ { "warn", "alone" }, { "error", "empty", {} } }, lines)
  end)

  it("does no work for a level that nobody wants", function()
    lines = {}
    log.debug("it", setmetatable({}, { __pairs = function() error "touched" end }))
    assert.same({}, lines)
  end)

  it("reaches standard error as JSON, a line each", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write([[
      local log, task = require "log", require "task"
      log.info("first", { password = "hunter2", text = "\n\"\xff" })
      task.all { function() log.warn("second", { n = 2 }) end }
      log.debug("not wanted")
    ]]):close()
    local pipe = assert(io.popen(("%s exec %s 2>&1"):format(usher, path)))
    local text = pipe:read("a")
    assert.is_true(pipe:close())
    os.remove(path)
    local found = {}
    for line in text:gmatch("[^\n]+") do found[#found + 1] = assert(json.decode(line, { unique = true })) end
    assert.equal(2, #found)
    assert.equal("[redacted]", found[1].password)
    assert.equal("\n\"?", found[1].text)
    assert.same({ "warn", "second", 2 }, { found[2].level, found[2].event, found[2].n })
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$", found[1].ts)
    assert.is_nil(text:find("hunter2", 1, true))
  end)
end)
