-- SPDX-License-Identifier: MIT
-- answer: whatever a handler does, one answer comes of it, and every error has the one shape.
local answer, fail, json, task = require "answer", require "fail", require "json", require "task"
local clock = require "clock"

local function ask(handler)
  local status, flat, body = answer(handler) { id = "request-1" }
  local headers = {}
  assert.equal(0, #flat % 2)
  for i = 1, #flat, 2 do
    assert.equal("string", type(flat[i + 1]))
    headers[flat[i]] = headers[flat[i]] and headers[flat[i]] .. " | " .. flat[i + 1] or flat[i + 1]
  end
  return status, headers, body
end

local GOOD <const> = { -- the reply, and status, body, headers
  { {}, 200, "" },
  { { status = 204 }, 204, "" },
  { { body = "text", headers = { ["Content-Type"] = "text/plain" } }, 200, "text",
    { ["Content-Type"] = "text/plain" } },
  { { status = 201, json = { b = 1, a = {} } }, 201, '{"a":{},"b":1}', { ["Content-Type"] = "application/json" } },
  { { json = false }, 200, "false", { ["Content-Type"] = "application/json" } },
  { { json = json.null }, 200, "null", { ["Content-Type"] = "application/json" } },
  { { headers = { ["Set-Cookie"] = { "a=1", "b=2" }, ["Retry-After"] = 5 } }, 200, "",
    { ["Set-Cookie"] = "a=1 | b=2", ["Retry-After"] = "5" } },
}

local OURS <const> = { -- what a handler may do wrong: 500, and nothing of it is told
  ["raises text"] = function() error "secret detail" end,
  ["raises a table"] = function() error { code = "secret detail" } end,
  ["raises nothing"] = function() error() end,
  ["raises after waiting"] = function() clock.sleep(0) error "secret detail" end,
  ["raises in a task of its own"] = function() task.all { function() error "secret detail" end } end,
  ["raises what cannot be shown"] = function() error(setmetatable({}, { __tostring = function() error "x" end })) end,
  ["returns nothing"] = function() end,
  ["returns text"] = function() return "secret detail" end,
  ["returns a status alone"] = function() return 200, {} end,
  ["has a status that is text"] = function() return { status = "200" } end,
  ["has a status that is none"] = function() return { status = 1000 } end,
  ["has a broken status"] = function() return { status = 200.5 } end,
  ["has a body that is a table"] = function() return { body = {} } end,
  ["has JSON that cannot be"] = function() return { json = { print } } end,
  ["has JSON that is not UTF-8"] = function() return { json = { "\xff" } } end,
  ["has headers that are text"] = function() return { headers = "secret detail" } end,
  ["fails with a wrong status"] = function() fail(200, "secret_detail") end,
  ["fails with fields that cannot be"] = function() fail(422, "invalid_input", { print }) end,
  ["runs out of stack"] = function() local function deep() return 1 + deep() end deep() end,
}

describe("an answer", function()
  for i, case in ipairs(GOOD) do
    it("is what the handler returned, " .. i, function()
      local status, headers, body = ask(function() return case[1] end)
      assert.same({ case[2], case[3], case[4] or {} }, { status, body, headers })
    end)
  end

  it("may take its time", function()
    local status, _, body = ask(function() clock.sleep(0) return { body = "late" } end)
    assert.same({ 200, "late" }, { status, body })
  end)

  it("is the visitor's fault where a flow fails", function()
    local status, headers, body = ask(function()
      fail(422, "invalid_input", { { field = "email", code = "required", message = "Say who." } },
        { retry_after = 1.2, headers = { Allow = "GET" } })
    end)
    assert.equal(422, status)
    assert.same({ ["Content-Type"] = "application/json", ["Retry-After"] = "2", Allow = "GET" }, headers)
    assert.same({ error = {
      code = "invalid_input", message = "Some fields need another look.", request_id = "request-1",
      fields = { { field = "email", code = "required", message = "Say who." } },
    } }, json.decode(body))
  end)

  it("has a list of fields even when it is empty, and none when there are none", function()
    local _, _, body = ask(function() fail(422, "invalid_input", {}) end)
    assert.matches('"fields":[]', body, 1, true)
    _, _, body = ask(function() fail(404, "not_found") end)
    assert.is_nil(body:find("fields", 1, true))
  end)

  for name, handler in pairs(OURS) do
    it("is our fault when the handler " .. name, function()
      local status, headers, body = ask(handler)
      assert.equal(500, status)
      assert.equal("application/json", headers["Content-Type"])
      assert.same({ error = { code = "internal_error", request_id = "request-1",
        message = "Something went wrong on our side. Please try again." } }, json.decode(body))
    end)
  end
end)
