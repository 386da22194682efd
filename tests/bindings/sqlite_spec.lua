-- SPDX-License-Identifier: MIT
local sqlite = require "sqlite"

local db

before_each(function()
  db = assert(sqlite.open(":memory:"))
  db:exec "CREATE TABLE t (id INTEGER PRIMARY KEY, v)"
end)

after_each(function() db:close() end)

local function ids()
  local list = {}
  for i, row in ipairs(db:rows "SELECT id FROM t ORDER BY id") do list[i] = row.id end
  return table.concat(list, ",")
end

describe("values come back as they went in", function()
  local cases = {
    { "an integer", 9007199254740993, "integer" },
    { "a float", 0.5, "real" },
    { "text", "naïve", "text" },
    { "text with a NUL", "a\0b", "text" },
    { "an empty string", "", "text" },
    { "nil", nil, "null" },
    { "true as 1", true, "integer", 1 },
    { "a blob", "\0\255x", "blob", nil, true },
    { "an empty blob", "", "blob", nil, true },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local value = case[5] and sqlite.blob(case[2]) or case[2]
      assert.equal(1, db:run("INSERT INTO t VALUES (1, ?)", value))
      local row = db:row "SELECT v, typeof(v) AS type FROM t"
      assert.equal(case[4] or case[2], row.v)
      assert.equal(case[3], row.type)
    end)
  end
end)

describe("a mistake raises with the reason", function()
  local cases = {
    { "bad SQL", 'near "SELEKT": syntax error', function() db:rows "SELEKT 1" end },
    { "too few values", "takes 2 values, not 1", function() db:run("INSERT INTO t VALUES (?, ?)", 1) end },
    { "too many values", "takes 1 values, not 2", function() db:row("SELECT ?", 1, 2) end },
    { "a table as a value", "string, number, boolean, nil or blob", function() db:row("SELECT ?", {}) end },
    { "a constraint", "UNIQUE constraint failed: t.id", function()
      db:run "INSERT INTO t VALUES (1, 1)"
      db:run "INSERT INTO t VALUES (1, 2)"
    end },
    { "an empty statement", "empty statement", function() db:row "  -- nothing" end },
    { "a closed database", "the database is closed", function()
      db:close()
      db:row "SELECT 1"
    end },
    { "something that is no database", "usher.sqlite", function() db.row(io.stdout, "SELECT 1") end },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local fine, problem = pcall(case[3])
      assert.is_false(fine)
      assert.truthy(tostring(problem):find(case[2], 1, true), problem)
    end)
  end

  it("and the statement works again afterwards", function()
    for id = 1, 2 do
      db:run("INSERT INTO t VALUES (?, 0)", id)
      assert.is_false(pcall(db.run, db, "INSERT INTO t VALUES (?, 0)", id))
    end
    assert.equal("1,2", ids())
  end)
end)

describe("opening", function()
  it("gives nil and the reason for a place that cannot be", function()
    local none, problem = sqlite.open "/nonexistent/folder/x.db"
    assert.is_nil(none)
    assert.equal("unable to open database file", problem)
  end)

  it("keeps what was written to a file", function()
    local path = os.tmpname()
    local file = assert(sqlite.open(path))
    file:exec "CREATE TABLE kept (v); INSERT INTO kept VALUES (7)"
    file:close()
    file:close()
    local again = assert(sqlite.open(path))
    assert.equal(7, again:row("SELECT v FROM kept").v)
    again:close()
    os.remove(path)
  end)
end)

describe("a transaction", function()
  it("keeps all and gives what the function gives", function()
    local a, b = db:transaction(function()
      db:run "INSERT INTO t VALUES (1, 0)"
      db:run "INSERT INTO t VALUES (2, 0)"
      return "x", nil
    end)
    assert.equal("x", a)
    assert.is_nil(b)
    assert.equal("1,2", ids())
  end)

  it("keeps nothing and raises the same error again", function()
    local thrown = { code = "no" }
    local fine, problem = pcall(db.transaction, db, function()
      db:run "INSERT INTO t VALUES (1, 0)"
      error(thrown)
    end)
    assert.is_false(fine)
    assert.equal(thrown, problem)
    assert.equal("", ids())
  end)

  it("inside another undoes only itself", function()
    db:transaction(function()
      db:run "INSERT INTO t VALUES (1, 0)"
      pcall(db.transaction, db, function()
        db:run "INSERT INTO t VALUES (2, 0)"
        error "no"
      end)
      db:transaction(function() db:run "INSERT INTO t VALUES (3, 0)" end)
    end)
    assert.equal("1,3", ids())
  end)

  it("cannot be left by a yield", function()
    local run = coroutine.wrap(function()
      return pcall(db.transaction, db, function()
        db:run "INSERT INTO t VALUES (1, 0)"
        coroutine.yield()
      end)
    end)
    local fine, problem = run()
    assert.is_false(fine)
    assert.truthy(problem:find "yield")
    assert.equal("", ids())
  end)
end)

describe("each", function()
  before_each(function()
    for id = 1, 5 do db:run("INSERT INTO t VALUES (?, 0)", id) end
  end)

  it("walks the rows, and may be left early", function()
    local seen = {}
    for row in db:each("SELECT id FROM t WHERE id > ? ORDER BY id", 1) do
      seen[#seen + 1] = row.id
      if row.id == 3 then break end
    end
    assert.same({ 2, 3 }, seen)
    db:exec "DROP TABLE t" -- impossible while a statement still reads it
  end)

  it("may be walked inside itself", function()
    local pairs_seen = 0
    for _ in db:each "SELECT id FROM t" do
      for _ in db:each "SELECT id FROM t" do pairs_seen = pairs_seen + 1 end
    end
    assert.equal(25, pairs_seen)
  end)

  it("gives the statement back when the loop raises", function()
    pcall(function()
      for _ in db:each "SELECT id FROM t" do error "out" end
    end)
    db:exec "DROP TABLE t"
  end)

  it("outlives neither its database nor the collector", function()
    local next_row = db:each "SELECT id FROM t"
    assert.equal(1, next_row().id)
    db:close()
    assert.is_false(pcall(next_row))
    next_row = nil -- luacheck: ignore
    collectgarbage()
  end)
end)

it("more statements than the cache holds are no harm", function()
  for i = 1, 400 do assert.equal(i, db:row(("SELECT %d AS v"):format(i)).v) end
  for row in db:each "SELECT 1 AS v" do
    for i = 1, 400 do db:row(("SELECT %d AS v"):format(i)) end
    assert.equal(1, row.v)
  end
end)

it("a forgotten database is closed by the collector", function()
  local path = os.tmpname()
  do
    local lost = assert(sqlite.open(path))
    lost:exec "PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE t (v)"
    lost:row "SELECT count(*) FROM t"
  end
  collectgarbage()
  collectgarbage()
  local again = assert(sqlite.open(path))
  again:exec "INSERT INTO t VALUES (1)"
  again:close()
  os.remove(path)
end)
