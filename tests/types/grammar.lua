-- SPDX-License-Identifier: MIT
-- The grammar of LuaLS's type expressions, as far as scripts/.types use it: grammar.read(text) -> the names in the type
-- at the text's start, and what follows it. Raises for what is no type. types_spec.lua calls it.
local grammar = {}

local PLAIN <const> = {}
for name in ("any boolean false function integer nil number string table true userdata T"):gmatch "%a+" do
  PLAIN[name] = true
end

local union

local function fault(text, expected)
  error(("%s is expected at: %s"):format(expected, text), 0)
end

local function expect(text, mark)
  local rest = text:match("^%s*" .. mark .. "(.*)$")
  return rest or fault(text, (mark:gsub("%%", "")))
end

-- One after another, until the closing mark; item reads one.
local function list(text, close, item, names)
  if text:find("^%s*" .. close) then return expect(text, close) end
  repeat
    local more
    text = item(text, names)
    more = text:match "^%s*,(.*)$"
    text = more or text
  until not more
  return expect(text, close)
end

-- name: TYPE, or name?: TYPE, or [TYPE]: TYPE, or "..."
local function member(text, names)
  if text:find "^%s*%.%.%." then
    local rest = text:match "^%s*%.%.%.(.*)$"
    return rest:find "^:" and union(rest:sub(2), names) or rest
  end
  local key = text:match "^%s*%[(.*)$"
  if key then
    text = expect(union(key, names), "%]")
  else
    text = text:match "^%s*[%a_][%w_]*%??(.*)$" or fault(text, "a name")
  end
  if text:find "^%s*[,)}]" then return text end -- of a function: a parameter of any type
  return union(expect(text, ":"), names)
end

local function fun(text, names)
  text = list(text, "%)", member, names)
  local returns = text:match "^:%s*(.*)$"
  if not returns then return text end
  if returns:find "^%.%.%." then return returns:sub(4) end
  text = union(returns, names)
  while text:find "^,%s*[%l\"{(]" and not text:find "^,%s*%l+:" do
    local ok, rest = pcall(union, text:sub(2), names)
    if not ok then break end
    text = rest
  end
  return text
end

local function one(text, names)
  local rest = text:match '^"[^"]*"(.*)$' or text:match "^`[^`]*`(.*)$"
  if rest then return rest end
  if text:find "^fun%(" then return fun(text:sub(5), names) end
  if text:find "^{" then return list(text:sub(2), "}", member, names) end
  if text:find "^%(" then return expect(union(text:sub(2), names), "%)") end
  local name, after = text:match "^([%a_][%w_.]*)(.*)$"
  if not name then fault(text, "a type") end
  name, after = name:gsub("%.$", ""), name:find "%.$" and "." .. after or after
  if not PLAIN[name] then names[#names + 1] = name end
  return after:find "^<" and list(after:sub(2), ">", union, names) or after
end

function union(text, names)
  text = text:gsub("^%s+", "")
  repeat
    text = one(text, names)
    while text:find "^%[%]" or text:find "^%?" do text = text:gsub("^%[%]", ""):gsub("^%?", "") end
    local more = text:match "^|(.*)$"
    text = more or text
  until not more
  return text
end

function grammar.read(text)
  local names = {}
  local rest = union(text, names)
  if not rest:find "^%s" and rest ~= "" then fault(rest, "a space, or the end,") end
  return names, rest
end

return grammar
