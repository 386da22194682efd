-- SPDX-License-Identifier: MIT
-- The store opened for a folder of the test's own, instead of the one that this process has in `config`.
local function open_in(folder)
  local environment = setmetatable({
    require = function(name)
      if name == "config" then return { sandbox = { data = folder } } end
      return require(name)
    end,
  }, { __index = _G })
  return assert(loadfile("scripts/sandbox/store.lua", "t", environment))()
end

local function temporary_folder()
  local pipe = assert(io.popen "mktemp -d")
  local folder = pipe:read "l"
  pipe:close()
  return folder
end

it("keeps everything in the folder's sandbox.db", function()
  local folder = temporary_folder()
  local store = open_in(folder .. "/")
  store:exec "CREATE TABLE kept (v); INSERT INTO kept VALUES (1)"
  assert.equal("wal", store:row("PRAGMA journal_mode").journal_mode)
  assert.equal(1, store:row("PRAGMA synchronous").synchronous)
  store:close()
  local again = open_in(folder)
  assert.equal(1, again:row("SELECT v FROM kept").v)
  again:close()
  os.execute("rm -r " .. folder)
end)

it("names the place and the way out when it cannot", function()
  local fine, problem = pcall(open_in, "/proc/nowhere")
  assert.is_false(fine)
  assert.truthy(problem:find("/proc/nowhere/sandbox.db", 1, true))
  assert.truthy(problem:find("`sandbox.data`", 1, true))
end)

it("in memory, is one for the whole process", function()
  local a, b = open_in "", open_in(nil)
  a:exec "CREATE TABLE shared_by_both (v); INSERT INTO shared_by_both VALUES (5)"
  assert.equal(5, b:row("SELECT v FROM shared_by_both").v)
  b:exec "DROP TABLE shared_by_both"
  a:close()
  b:close()
end)
