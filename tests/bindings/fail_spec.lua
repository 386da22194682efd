-- SPDX-License-Identifier: MIT
-- fail: how a flow says that the visitor is at fault, from any depth.
local fail, task = require "fail", require "task"

local function caught(...)
  local ok, problem = pcall(fail, ...)
  assert.is_false(ok)
  return problem
end

describe("fail", function()
  it("raises what the answer will say", function()
    local fields = { { field = "email", code = "required" } }
    local f = caught(422, "invalid_input", fields, { retry_after = 5, headers = { Allow = "GET" } })
    assert.is_true(fail.is(f))
    assert.same({ 422, "invalid_input", 5, "GET" }, { f.status, f.code, f.retry_after, f.headers.Allow })
    assert.equal(fields, f.fields)
    assert.equal("422 invalid_input: Some fields need another look.", tostring(f))
  end)

  it("has a message for every code", function()
    assert.equal("There is nothing at this address.", caught(404, "not_found").message)
    assert.equal("card not accepted", caught(402, "card_not_accepted").message)
    assert.equal("mine", caught(404, "not_found", nil, { message = "mine" }).message)
  end)

  it("comes through task.all and pcall as it is", function()
    local ok, f = pcall(task.all, { function() task.all { function() fail(409, "account_exists") end } end })
    assert.is_false(ok)
    assert.is_true(fail.is(f))
    assert.equal("account_exists", f.code)
  end)

  it("is not any other error", function()
    for _, value in ipairs { "text", 5, {}, { status = 404, code = "not_found" }, fail } do
      assert.is_false(fail.is(value))
    end
    assert.is_false(fail.is(nil))
  end)

  for _, case in ipairs { { 200, "ok" }, { "404", "not_found" }, { 404.5, "x" }, { 600, "x" }, { 404 }, {} } do
    it(("takes fail(%s, %s) for our own fault"):format(case[1], case[2]), function()
      local problem = caught(case[1], case[2])
      assert.is_false(fail.is(problem))
      assert.matches("a status from 400 to 599 and a code", problem)
    end)
  end
end)
