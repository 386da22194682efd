-- SPDX-License-Identifier: MIT
-- What is wrong with a set of scripts, as a list that people and programs can read: each fault once, with its place.
-- Called by proving.lua. Does not yield.
local guard, json, script_files = require "guard", require "json", require "script_files"
local trail = require "trail"

local faults = {}
faults.__index = faults

-- Lua cuts long paths short in its messages: by what it says, the path and back.
local function short_name(path)
  return debug.getinfo(assert(load("", "@" .. path, "t")), "S").short_src
end

-- A script's path by what Lua says of it: made by the first fault that asks.
local function path_of(paths, short)
  setmetatable(paths, nil)
  for _, file in ipairs(script_files.list()) do paths[short_name(file.path)] = file.path end
  return paths[short]
end

-- faults.new() -> an empty list
function faults.new()
  return setmetatable({ list = {}, seen = {}, paths = setmetatable({}, { __index = path_of }) }, faults)
end

-- "path:line: message" -> path, line, message | nil when that is no place in a script.
function faults:split(text)
  local short, line, message = text:match("^(.-):(%d+): (.*)$")
  local path = short and self.paths[short]
  if path then return path, math.tointeger(line), message end
end

-- The innermost line of a script on a stack: of a thread, or of the caller's caller.
function faults:place(thread)
  for level = thread and 0 or 2, 200 do
    local info
    if thread then info = debug.getinfo(thread, level, "Sl") else info = debug.getinfo(level, "Sl") end
    if not info then return end
    local path = info.source:sub(1, 1) == "@" and self.paths[info.short_src]
    if path and info.currentline > 0 then return path, info.currentline end
  end
end

-- A traceback down to the last script in it: what called that is usher's.
function faults:trimmed(traceback)
  local lines, last = {}, 0
  for line in traceback:gmatch "[^\n]+" do
    lines[#lines + 1] = line
    if self.paths[line:match "^\t(.-):%d+: in "] then last = #lines end
  end
  return last > 0 and table.concat(lines, "\n", 1, last) or nil
end

-- A handler for xpcall: whatever was raised becomes { file =, line =, message =, traceback = }.
function faults:of(problem, thread)
  local text = type(problem) == "string" and problem or tostring(problem)
  local file, line, message = self:split(text)
  if not file then
    file, line = self:place(thread)
    message = text
  end
  local traceback = thread and debug.traceback(thread) or trail.traceback(problem, 2)
  local stack = traceback:sub(traceback:find("stack traceback:", 1, true) or 1)
  return { file = file, line = line, message = message, traceback = self:trimmed(stack) }
end

-- faults:try(fn, …) -> true, what it returns | false, a fault, or the value that is in faults.passes. Where memory
-- runs out Lua calls no handler: the guard knows the place.
function faults:try(fn, ...)
  local function located(problem)
    if problem ~= nil and problem == self.passes then return problem end
    return self:of(problem)
  end
  local ok, result = xpcall(fn, located, ...)
  if ok or type(result) == "table" then return ok, result end
  local file, line = self:split((guard.refused() or "?") .. ": ")
  return false, { file = file, line = line, message = tostring(result) .. " (scripts.memory)" }
end

-- Adds it, unless it is there already: everything that requires a broken module fails with the same words.
function faults:add(fault)
  local key = ("%s:%s: %s"):format(fault.file, fault.line, fault.message)
  if self.seen[key] then return end
  self.seen[key] = true
  self.list[#self.list + 1] = fault
end

-- The same for a line that says its place itself, "file:line: message".
function faults:add_text(text)
  local file, line, message = text:match("^(.-):(%d+): (.*)$")
  self:add { file = file, line = math.tointeger(line), message = message or text }
end

function faults:any() return #self.list > 0 end

-- Is this what a known fault has already said?
function faults:knows(fault)
  return self.seen[("%s:%s: %s"):format(fault.file, fault.line, fault.message)] or false
end

local function line_of(fault)
  if not fault.file then return fault.message end
  if not fault.line then return ("%s: %s"):format(fault.file, fault.message) end
  return ("%s:%d: %s"):format(fault.file, fault.line, fault.message)
end

-- -> one line for each fault; the same with tracebacks under them; the list as JSON
function faults:written()
  local lines, full, objects = {}, {}, json.array {}
  for i, fault in ipairs(self.list) do
    local line = line_of(fault)
    lines[i] = line
    full[i] = fault.traceback and line .. "\n" .. fault.traceback or line
    objects[i] = { file = fault.file, line = fault.line, message = fault.message, traceback = fault.traceback }
  end
  return table.concat(lines, "\n"), table.concat(full, "\n"), json.encode(objects, { sorted = true })
end

return faults
