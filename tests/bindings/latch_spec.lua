-- SPDX-License-Identifier: MIT
-- latch: one waits, another opens; and time may be over first. Also task.limit, which such waits do not need.
local clock, http, latch, task = require "clock", require "http", require "latch", require "task"

describe("a latch", function()
  it("lets through whoever waits, once it is opened", function()
    local g, order = latch.new(), {}
    local passed
    task.all {
      function()
        passed = g:wait()
        order[#order + 1] = "passed"
      end,
      function()
        clock.sleep(0.01)
        order[#order + 1] = "opens"
        g:open()
      end,
    }
    assert.is_true(passed)
    assert.same({ "opens", "passed" }, order)
  end)

  it("stays open", function()
    local g = latch.new()
    g:open()
    g:open()
    assert.is_true(g:wait())
    assert.is_true(g:wait(0))
  end)

  it("is waited for no longer than said", function()
    local g, started = latch.new(), clock.monotonic()
    assert.is_false(g:wait(0.02))
    assert.is_true(clock.monotonic() - started >= 0.019)
    assert.is_false(g:wait(0))
    g:open()
    assert.is_true(g:wait(10))
  end)

  it("is for one task at a time", function()
    local g = latch.new()
    task.spawn(function() g:wait(0.05) end)
    clock.sleep(0.01)
    assert.has_error(function() g:wait() end, "a task waits at this latch already")
    g:open()
    clock.sleep(0)
  end)

  it("checks what it is given", function()
    assert.has_error(function() latch.new():wait(-1) end)
    assert.has_error(function() latch.new():wait(0 / 0) end)
    assert.has_error(function() latch.new().wait({}) end)
  end)

  it("may be collected while nobody waits", function()
    for _ = 1, 50 do latch.new() end
    collectgarbage()
    collectgarbage()
    clock.sleep(0)
  end)
end)

describe("task.limit", function()
  it("shortens a task's time, and never lengthens it", function()
    task.all { function()
      task.limit(5)
      local first = task.deadline()
      assert.is_true(first - clock.monotonic() <= 5)
      task.limit(500)
      assert.equal(first, task.deadline())
      task.limit(1)
      assert.is_true(task.deadline() < first)
    end }
  end)

  it("holds for the tasks it starts, not for the one that started it", function()
    local inner
    task.all { function()
      task.limit(1)
      task.all { function() inner = task.deadline() end }
    end }
    assert.is_true(inner - clock.monotonic() <= 1)
    assert.is_nil(task.deadline())
  end)

  it("ends the calls of the task", function()
    local results = task.all { function()
      task.limit(0)
      return { http.fetch { url = "http://127.0.0.1:1/" } }
    end }
    assert.equal("timeout", results[1][2].kind)
  end)

  it("refuses what is no duration", function()
    for _, value in ipairs { -1, 0 / 0, math.huge, "x" } do
      assert.is_false(pcall(task.limit, value))
    end
  end)
end)

describe("task.name", function()
  it("takes ids only", function()
    for _, value in ipairs { "a b", 'a"b', "a\nb", ("x"):rep(129) } do
      assert.is_false(pcall(task.name, value))
    end
    task.all { function() task.name "8476a536-e9f4-11e8" end }
  end)
end)
