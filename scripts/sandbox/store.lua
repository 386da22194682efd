-- SPDX-License-Identifier: MIT
-- The one database of the sandbox. `config.sandbox.data` names the folder it lives in; without one it lives
-- in memory, shared by the generations of this process, so that a reload forgets nothing. ":memory:" is a memory of its
-- own: a spec's world.
local config = require "config"
local sqlite = require "sqlite"

local function path()
  local folder = (config.sandbox or {}).data
  if folder == ":memory:" then return folder end
  if not folder or folder == "" then return "file:/usher-sandbox?vfs=memdb" end
  return folder:gsub("/+$", "") .. "/sandbox.db"
end

local function open(where)
  local db, problem = sqlite.open(where)
  if db then
    local fine
    fine, problem = pcall(db.exec, db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    if fine then fine, problem = pcall(db.exec, db, "BEGIN IMMEDIATE; COMMIT") end
    if fine then return db end
    db:close()
  end
  error(("the sandbox cannot keep its data in %s: %s. Make the folder exist and writable for this user, name "
    .. "another with `--data` or the setting `sandbox.data`, or leave that out to keep everything in "
    .. "memory"):format(where, problem), 0)
end

return open(path())
