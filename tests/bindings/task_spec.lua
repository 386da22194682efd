-- SPDX-License-Identifier: MIT
-- task: what runs side by side, what is joined, and how errors come home.
local clock, task = require "clock", require "task"

-- Lets everything that is ready run once.
local function turn()
  clock.sleep(0)
end

describe("task.all", function()
  it("gives the first result of each, in order", function()
    assert.same({ 1, "two", false }, task.all {
      function() turn() turn() return 1, "more" end,
      function() return "two" end,
      function() turn() return false end,
    })
  end)

  it("takes no task, and tasks without a result", function()
    assert.same({}, task.all {})
    assert.same({ nil, 2, nil }, task.all { function() end, function() return 2 end, function() turn() end })
  end)

  it("runs them side by side", function()
    local events = {}
    local function steps(name)
      return function()
        for i = 1, 3 do
          events[#events + 1] = name .. i
          turn()
        end
      end
    end
    task.all { steps "a", steps "b" }
    assert.same({ "a1", "b1", "a2", "b2", "a3", "b3" }, events)
  end)

  it("nests", function()
    assert.same({ { 1, 2 }, { 3, { 4 } } }, task.all {
      function() return task.all { function() turn() return 1 end, function() return 2 end } end,
      function()
        return task.all { function() return 3 end, function() return task.all { function() turn() return 4 end } end }
      end,
    })
  end)

  it("raises the first error after all have ended", function()
    local ended = {}
    local ok, problem = pcall(task.all, {
      function() turn() turn() ended.a = true end,
      function() turn() error { code = "second" } end,
      function() error { code = "third, but earlier" } end,
      function() turn() turn() turn() ended.d = true end,
    })
    assert.is_false(ok)
    assert.equal("second", problem.code)
    assert.same({ a = true, d = true }, ended)
  end)

  it("raises a message with the place and the traceback of the child", function()
    local function culprit() error "broken" end
    local ok, problem = pcall(task.all, { function() turn() culprit() end })
    assert.is_false(ok)
    assert.matches("task_spec%.lua:%d+: broken\nstack traceback:", problem)
    assert.matches("culprit", problem)
  end)

  it("raises any kind of value", function()
    for _, value in ipairs { false, 7, "text", {} } do
      local ok, problem = pcall(task.all, { function() error(value, 0) end })
      assert.is_false(ok)
      if type(value) == "string" then problem = problem:match("^[^\n]*") end
      assert.equal(value, problem)
    end
    assert.same({ false, nil }, { pcall(task.all, { function() error() end }) })
  end)

  it("can be tried again after an error", function()
    for _ = 1, 100 do
      assert.is_false(pcall(task.all, { function() turn() error "x" end, turn }))
      assert.same({ 5 }, task.all { function() turn() return 5 end })
    end
  end)

  it("closes what a failed child held before the error goes on", function()
    local closed = {}
    local function holding(name, fn)
      return function()
        local held <close> = setmetatable({}, { __close = function() closed[#closed + 1] = name end })
        turn()
        return fn(held)
      end
    end
    assert.is_false(pcall(task.all, {
      holding("well", function() return 1 end), holding("broken", error), holding("broken too", error),
    }))
    table.sort(closed)
    assert.same({ "broken", "broken too", "well" }, closed)
  end)

  it("joins a thousand", function()
    local functions = {}
    for i = 1, 1000 do functions[i] = function() turn() return i end end
    local results = task.all(functions)
    assert.equal(1000, #results)
    for i = 1, 1000 do assert.equal(i, results[i]) end
  end)

  it("refuses what is not a list of functions", function()
    assert.error_matches(function() task.all() end, "table expected")
    assert.error_matches(function() task.all { turn, 5 } end, "entry 2 is not a function")
  end)

  it("survives a collection at any moment", function()
    local before = collectgarbage("count")
    for _ = 1, 50 do
      task.all {
        function() collectgarbage() turn() collectgarbage() end,
        function() task.all { collectgarbage, turn } end,
      }
    end
    collectgarbage()
    assert.is_true(collectgarbage("count") < before + 500)
  end)
end)

describe("waiting", function()
  it("is refused in a script's own coroutine, in words", function()
    local inside = coroutine.wrap(function() return pcall(clock.sleep, 0) end)
    local ok, problem = inside()
    assert.is_false(ok)
    assert.matches("only a task can", problem)
    assert.error_matches(coroutine.wrap(function() task.all { turn } end), "only a task can")
  end)

  it("goes on in a task that uses coroutines of its own", function()
    local numbers = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
    local sum = 0
    for _ = 1, 3 do
      turn()
      sum = sum + numbers()
    end
    assert.equal(6, sum)
  end)

  it("is not coroutine.yield's, and the task ends with an error", function()
    local closed = false
    local ok, problem = pcall(task.all, { function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      coroutine.yield()
    end })
    assert.is_false(ok)
    assert.matches("coroutine.yield outside a coroutine", problem)
    assert.is_true(closed)
  end)

  it("works inside pcall, metamethods' callers and __close", function()
    local closed = false
    do
      local _ <close> = setmetatable({}, { __close = function() turn() closed = true end })
      assert.is_true(pcall(turn))
    end
    assert.is_true(closed)
    local proxy = setmetatable({}, { __index = function(_, name) turn() return name end })
    assert.equal("field", proxy.field)
  end)
end)

describe("task.spawn", function()
  it("runs beside the caller, with arguments", function()
    local seen = {}
    task.spawn(function(...) seen = { ... } end, 1, nil, "three")
    assert.same({}, seen)
    turn()
    assert.same({ 1, nil, "three" }, seen)
  end)

  it("keeps its error to itself", function()
    task.spawn(function() turn() error "this line belongs into the log" end)
    task.spawn(function() error {} end)
    for _ = 1, 3 do turn() end
    assert.is_true(true)
  end)

  it("lets newcomers in between many that take long", function()
    local order = {}
    local function long(name)
      return function()
        local from = clock.monotonic()
        order[#order + 1] = name
        if name == "first" then task.spawn(function() order[#order + 1] = "newcomer" end) end
        while clock.monotonic() - from < 0.02 do end
      end
    end
    task.all { long "first", long "second", long "third" }
    assert.same({ "first", "newcomer", "second", "third" }, order)
  end)

  it("refuses what is not a function", function()
    assert.error_matches(function() task.spawn(5) end, "function expected")
  end)

  it("has no deadline outside a request", function()
    assert.is_nil(task.deadline())
  end)
end)

describe("task.after", function()
  it("runs functions when their time has come, soonest first", function()
    require "testing".world() -- whose time does not have to be waited for
    local seen, began = {}, clock.monotonic()
    local function note(what) -- a float's last digit is no part of it
      seen[#seen + 1] = { what, math.floor((clock.monotonic() - began) * 1000 + 0.5) / 1000 }
    end
    task.after(7200, function() note "two hours" end)
    task.after(3600, function()
      clock.sleep(1)
      note "one hour"
    end)
    task.after(0, function() note "now" end)
    assert.same({}, seen)
    clock.sleep(8000)
    require "testing".finish()
    assert.same({ { "now", 0.0 }, { "one hour", 3601.0 }, { "two hours", 7200.0 } }, seen)
  end)

  it("is forgotten with its function when the state ends", function()
    for _ = 1, 100 do task.after(1e6, function() error "never" end) end
  end)

  it("keeps its error to itself", function()
    local came = false
    task.after(0, function()
      came = true
      error "this line belongs into the log"
    end)
    while not came do turn() end
  end)

  for _, case in ipairs { { "soon", print }, { -1, print }, { 1e9, print }, { 0 / 0, print }, { 1 }, { 1, 5 } } do
    it(("refuses %s and %s"):format(tostring(case[1]), type(case[2])), function()
      assert.error_matches(function() task.after(case[1], case[2]) end, "bad argument")
    end)
  end

  it("has an end", function()
    local ok, problem
    repeat ok, problem = pcall(task.after, 1e6, print) until not ok
    assert.matches("more than 10000 timers wait", problem)
  end)
end)
