-- SPDX-License-Identifier: MIT
-- bindings: which Lua files each file of specs has loaded, itself or in its worlds, and whether it failed. A run of
-- `usher test` tells the watch that started it (spec_watch.lua), through a file.
local json = require "json"

local spec_needs = { VARIABLE = "USHER_TEST_SEEN" } -- of the environment: that file's path

local NEEDED <const> = "usher.needed" -- in Lua's registry: the paths that modules.c and universe.lua load


-- Follows a run -> function(path): writes what was seen of it.
function spec_needs.follow(busted)
  local seen, now = {}, {}
  local function begin(file)
    now = { needs = {}, failed = false }
    seen[file.name], debug.getregistry()[NEEDED] = now, now.needs
    return nil, true
  end
  local function fail()
    now.failed = true
    return nil, true
  end
  busted.subscribe({ "file", "start" }, begin)
  busted.subscribe({ "error" }, fail)
  busted.subscribe({ "failure" }, fail)
  return function(path)
    local file = assert(io.open(path, "w"))
    file:write(json.encode(seen))
    file:close()
  end
end


-- What a run has written: { file = { needs = { path = true }, failed = }, … }; none where it ended half way.
function spec_needs.read(path)
  local file = io.open(path)
  local seen = file and json.decode(file:read "a") or {}
  if file then file:close() end
  return seen
end


-- A file is being loaded.
function spec_needs.note(path)
  local needed = debug.getregistry()[NEEDED]
  if needed then needed[path] = true end
end


return spec_needs
