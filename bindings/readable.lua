-- SPDX-License-Identifier: MIT
-- bindings: a value as text for a person, for `usher repl`: tables with their members in order, a level a line where
-- they are long; secrets stay handles. Does not yield.
local json = require "json"

local WIDTH <const>, DEPTH <const>, MEMBERS <const>, BYTES <const> = 100, 8, 200, 10000
local ESCAPES <const> = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local shown


local function quoted(text)
  local rest = #text > BYTES and (" … %d bytes"):format(#text) or ""
  text = text:sub(1, BYTES):gsub('[%c"\\]', function(c) return ESCAPES[c] or ("\\x%02X"):format(c:byte()) end)
  if not utf8.len(text) then text = text:gsub("[\x80-\xff]", function(c) return ("\\x%02X"):format(c:byte()) end) end
  return '"' .. text .. '"' .. rest
end


local function key_text(key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then return key end
  return "[" .. shown(key, 1, {}) .. "]"
end


local ORDER <const> = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local left, right = ORDER[type(a)] or 4, ORDER[type(b)] or 4
  if left ~= right then return left < right end
  if left <= 2 then return a < b end
  return tostring(a) < tostring(b)
end


local function sorted_keys(value, listed)
  local keys = {}
  for key in pairs(value) do
    if not (math.type(key) == "integer" and key >= 1 and key <= listed) then keys[#keys + 1] = key end
  end
  table.sort(keys, before)
  return keys
end


-- -> the members as texts
local function members(value, depth, seen)
  local texts, listed = {}, #value
  for i = 1, math.min(listed, MEMBERS) do texts[i] = shown(value[i], depth + 1, seen) end
  if listed > MEMBERS then texts[#texts + 1] = ("… %d more"):format(listed - MEMBERS) end
  local keys = sorted_keys(value, listed)
  for i, key in ipairs(keys) do
    if i > MEMBERS then
      texts[#texts + 1] = ("… %d more"):format(#keys - MEMBERS)
      break
    end
    texts[#texts + 1] = key_text(key) .. " = " .. shown(value[key], depth + 1, seen)
  end
  return texts
end


local function table_text(value, depth, seen)
  if seen[value] then return "<a table that holds itself>" end
  if depth > DEPTH then return "{ … }" end
  seen[value] = true
  local texts = members(value, depth, seen)
  seen[value] = nil
  if #texts == 0 then return json.is_array(value) and "[]" or "{}" end
  local line = "{ " .. table.concat(texts, ", ") .. " }"
  if #line + 2 * depth <= WIDTH and not line:find "\n" then return line end
  local indent = ("  "):rep(depth)
  return "{\n" .. indent .. table.concat(texts, ",\n" .. indent) .. ",\n" .. ("  "):rep(depth - 1) .. "}"
end


-- A table that has words of its own for itself, like an error.
local function own_words(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and meta.__tostring and "<" .. tostring(value) .. ">"
end


function shown(value, depth, seen)
  if value == json.null then return "null" end
  if type(value) == "string" then return quoted(value) end
  if type(value) ~= "table" then return tostring(value) end
  local words = own_words(value)
  return (words and words .. " " or "") .. table_text(value, depth, seen)
end


return function(value)
  return shown(value, 1, {})
end
