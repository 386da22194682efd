-- SPDX-License-Identifier: MIT
-- scrub(text, request) -> text without what the request brought: no word of its body, query, cookies and credentials
-- is left in it. For the traceback of a script that has put what somebody sent into its error. Called by answer.lua
-- when a script has failed, and by task_source.c for what it has started; so it may take its time. request: one, or
-- scrub.snapshot(request). Does not yield, never raises.
local json = require "json"

local SHORTEST <const> = 4   -- shorter values say too little, and stand everywhere by chance
local MARK <const> = "[redacted]"
local HEADERS <const> = { "cookie", "authorization", "idempotency-key" }


-- All texts of a decoded value, and the names of fields that are no words of a programmer's.
local function collect(value, list)
  if type(value) == "string" then
    list[#list + 1] = value
  elseif type(value) == "table" then
    for name, entry in pairs(value) do
      if type(name) == "string" and not name:find("^[%l_]+$") then list[#list + 1] = name end
      collect(entry, list)
    end
  end
end


local function values_of(request)
  local list = { request.body, request.query_string }
  collect(json.decode(request.body), list)
  collect(request.query, list)
  for _, name in ipairs(HEADERS) do
    local value = request:header(name) or ""
    list[#list + 1] = value
    for part in value:gmatch("[^%s;=]+") do list[#list + 1] = part end
  end
  return list
end


-- As it is, trimmed, and with the escapes of %q and of JSON.
local function add_forms(value, forms)
  local trimmed = value:match("^%s*(.-)%s*$")
  local escaped, quoted = pcall(json.encode, { trimmed })
  for _, form in ipairs { value, trimmed, ("%q"):format(value):sub(2, -2), escaped and quoted:sub(3, -3) or "" } do
    if #form >= SHORTEST then forms[form:lower()] = true end
  end
end


-- Longest first: a part of a value must not break it up.
local function words_of(request)
  local forms, words = {}, {}
  for _, value in ipairs(values_of(request)) do add_forms(value, forms) end
  for form in pairs(forms) do words[#words + 1] = form end
  table.sort(words, function(a, b) return #a > #b end)
  return words
end


local function replace(text, word)
  local folded, parts, at = text:lower(), {}, 1
  while true do
    local from, to = folded:find(word, at, true)
    if not from then break end
    parts[#parts + 1] = text:sub(at, from - 1)
    parts[#parts + 1] = MARK
    at = to + 1
  end
  parts[#parts + 1] = text:sub(at)
  return table.concat(parts)
end


local function scrub(text, request)
  for _, word in ipairs(words_of(request)) do text = replace(text, word) end
  return text
end


-- What scrub needs of a request, for what goes on when it has been answered.
local function snapshot(request)
  local kept = { body = request.body, query_string = request.query_string, query = request.query }
  local headers = {}
  for _, name in ipairs(HEADERS) do headers[name] = request:header(name) end
  function kept:header(name) return headers[name] end -- luacheck: ignore 212
  return kept
end


return setmetatable({ snapshot = snapshot }, { __call = function(_, text, request)
  local ok, clean = pcall(scrub, text, request)
  return ok and clean or "what went wrong cannot be shown: " .. tostring(clean)
end })
