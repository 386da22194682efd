-- SPDX-License-Identifier: MIT
-- bindings: one line typed at a terminal, for `usher repl`: moving, deleting and history, with shells' keys.
-- A line wider than the terminal scrolls. line_editor.new(terminal) -> editor; editor:read(prompt) -> text | nil, "end"
-- or "interrupted". Yields.
local Editor = {}
Editor.__index = Editor

local keys = {}


local function new(terminal)
  return setmetatable({ terminal = terminal, pending = "", history = {} }, Editor)
end


-- --- the line: a list of characters, and how many of them are left of the cursor ---

local function characters(text)
  local list = {}
  for c in text:gmatch "[\1-\x7F\xC2-\xF4][\x80-\xBF]*" do list[#list + 1] = c end
  return list
end

local function insert(self, c)
  self.at = self.at + 1
  table.insert(self.line, self.at, c)
end

-- Takes away the characters first to last.
local function cut(self, first, last)
  for _ = first, last do table.remove(self.line, first) end
  if self.at >= first then self.at = math.max(first - 1, self.at - (last - first + 1)) end
end

local function replace(self, text)
  self.line = characters(text)
  self.at = #self.line
end

local function draw(self)
  local room = math.max(self.terminal:columns() - #self.prompt - 1, 10)
  local first = math.max(self.at - room + 1, 1)
  local visible = table.concat(self.line, "", first, math.min(first + room - 1, #self.line))
  io.write("\r", self.prompt, visible, "\27[K\r\27[", #self.prompt + self.at - first + 1, "C")
  io.flush()
end


-- --- keys ---

local function left(self) self.at = math.max(self.at - 1, 0) end
local function right(self) self.at = math.min(self.at + 1, #self.line) end
local function home(self) self.at = 0 end
local function to_end(self) self.at = #self.line end
local function delete(self) if self.at < #self.line then cut(self, self.at + 1, self.at + 1) end end

local function rub_out(self)
  if self.at > 0 then cut(self, self.at, self.at) end
end

local function cut_word(self)
  local first = self.at
  while first > 0 and self.line[first]:find "%s" do first = first - 1 end
  while first > 0 and not self.line[first]:find "%s" do first = first - 1 end
  cut(self, first + 1, self.at)
end

-- by: -1 older, 1 newer; below the newest is what was being typed
local function walk(self, by)
  local to = self.place + by
  if to < 1 or to > #self.history + 1 then return end
  if self.place == #self.history + 1 then self.draft = table.concat(self.line) end
  self.place = to
  replace(self, self.history[to] or self.draft)
end

keys["\1"], keys["\5"], keys["\2"], keys["\6"] = home, to_end, left, right
keys["\127"], keys["\8"], keys["\23"] = rub_out, rub_out, cut_word
keys["\11"] = function(self) cut(self, self.at + 1, #self.line) end
keys["\21"] = function(self) cut(self, 1, self.at) end
keys["\16"] = function(self) walk(self, -1) end
keys["\14"] = function(self) walk(self, 1) end
keys["\12"] = function() io.write "\27[H\27[2J" end
keys["\9"] = function(self) insert(self, " ") insert(self, " ") end
keys["\13"] = function() return "done" end
keys["\10"] = keys["\13"]
keys["\3"] = function() return "interrupted" end
keys["\4"] = function(self)
  if #self.line == 0 then return "end" end
  delete(self)
end

local SEQUENCES <const> = {
  ["[A"] = keys["\16"], ["[B"] = keys["\14"], ["[C"] = right, ["[D"] = left, ["[H"] = home, ["[F"] = to_end,
  ["OH"] = home, ["OF"] = to_end, ["[1~"] = home, ["[4~"] = to_end, ["[7~"] = home, ["[8~"] = to_end, ["[3~"] = delete,
}


-- --- bytes ---

-- The next bytes that fit the pattern, read as far as it takes | nil at the end
local function take(self, pattern)
  while not self.pending:find(pattern) do
    local more = self.terminal:read()
    if not more then return nil end
    self.pending = self.pending .. more
  end
  local found = self.pending:match(pattern)
  self.pending = self.pending:sub(#found + 1)
  return found
end

-- How many bytes the character has that begins so.
local function length_of(byte)
  return byte >= 0xF0 and 4 or byte >= 0xE0 and 3 or byte >= 0xC0 and 2 or 1
end

local function take_key(self)
  local byte = take(self, "^.")
  if not byte then return nil end
  if byte == "\27" then
    local rest = take(self, "^[%[O][%d;]*[%a~]") or ""
    return SEQUENCES[rest] or function() end
  end
  if keys[byte] then return keys[byte] end
  local more = take(self, "^" .. ("[\x80-\xBF]"):rep(length_of(byte:byte()) - 1)) or ""
  return function() if byte >= " " then insert(self, byte .. more) end end
end

function Editor:remember(text)
  if text:find "%S" and text ~= self.history[#self.history] then table.insert(self.history, text) end
end

function Editor:read(prompt)
  self.prompt, self.line, self.at, self.draft = prompt, {}, 0, ""
  self.place = #self.history + 1
  self.terminal:raw(true)
  local outcome
  repeat
    if self.pending == "" then draw(self) end -- else more has been typed already
    local key = take_key(self)
    outcome = key and key(self) or not key and "end" or nil
  until outcome
  self.terminal:raw(false)
  io.write(outcome == "interrupted" and "^C\n" or "\n")
  if outcome ~= "done" then return nil, outcome end
  return table.concat(self.line)
end


return { new = new }
