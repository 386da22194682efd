-- SPDX-License-Identifier: MIT
-- Makes scripts/.types/config.lua of config/usher.lua: its keys in their order, its types, its comments.
-- `usher exec tests/types/config_types.lua write` writes it; types_spec.lua compares.
local HEAD <const> = [[
-- SPDX-License-Identifier: MIT
---@meta config

---The settings, read only: config/usher.lua, what the operator's file changes, and the command line. Made of
---config/usher.lua by tests/types/config_types.lua. Durations are in seconds, sizes in bytes.
]]

local function kind(name)
  return function(...) return { kind = name, ... } end
end

local vocabulary = {
  between = kind "number", one_of = kind "choice", list = kind "list", map = kind "map",
  secret = kind "secret", optional_secret = kind "optional_secret", env = function() return "" end,
}


local function type_of(rule)
  if type(rule) ~= "table" then return type(rule) end
  if rule.kind == "number" then
    local name = math.type(rule[1]) == "float" and "number" or "integer"
    return ("%s %s to %s;"):format(name, rule[2], rule[3])
  end
  if rule.kind == "choice" then return '"' .. table.concat(rule, '"|"') .. '"' end
  return ({ list = "string[]", map = "table<string, any>", secret = "usher.Secret",
    optional_secret = "usher.Secret?" })[rule.kind]
end


-- The lines of config/usher.lua -> list of { path = "listen.", key = "port", comment = text }; a section too
local function entries(text)
  local list, path, last = {}, "", nil
  for line in text:match("\nreturn {\n(.*)}\n$"):gmatch("(.-)\n") do
    local code, comment = line:match("^(.-)%s*%-%- (.*)$")
    code = code or line
    local key, value = code:match("^%s*([%w_]+) = (.*)$")
    if key then
      last = { path = path, key = key, comment = comment }
      list[#list + 1] = last
      if value:find("^{%s*$") then path = path .. key .. "." end
    elseif code:find("^%s*},%s*$") then
      path, last = path:gsub("[%w_]+%.$", ""), nil
    elseif comment and last then
      last.comment = last.comment and last.comment .. " " .. comment or comment
    end
  end
  return list
end


local function rule_at(rules, path, key)
  for section in path:gmatch("[%w_]+") do rules = rules[section] end
  return rules[key]
end


-- A long comment, above its field
local function wrapped(comment)
  local lines, line = {}, "---"
  for word in comment:gmatch("%S+") do
    if #line + #word > 110 then
      lines[#lines + 1], line = line, "---"
    end
    line = line .. (line == "---" and "" or " ") .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end


local function field_of(entry, rule)
  local is_section = type(rule) == "table" and not rule.kind
  local kind_text = is_section and "usher.config." .. entry.path .. entry.key or type_of(rule)
  local field = ("---@field %s %s"):format(entry.key, kind_text)
  if not entry.comment then return field end
  if #field + #entry.comment < 110 then return field .. " " .. entry.comment end
  return wrapped(entry.comment) .. "\n" .. field
end


local function make(text)
  local rules = load(text, "@config/usher.lua", "t", vocabulary)()
  local classes, order = {}, {}
  for _, entry in ipairs(entries(text)) do
    local name = "usher.config" .. (entry.path == "" and "" or "." .. entry.path:sub(1, -2))
    if not classes[name] then
      classes[name] = {}
      order[#order + 1] = name
    end
    table.insert(classes[name], field_of(entry, rule_at(rules, entry.path, entry.key)))
  end
  local out = {}
  for i, name in ipairs(order) do
    local head = ("---@class %s\n%s\n"):format(name, table.concat(classes[name], "\n"))
    out[i] = i == 1 and head .. "local config = {}\n" or head
  end
  return HEAD .. table.concat(out, "\n") .. "\nreturn config\n"
end


if ... == "write" then
  local source <close> = assert(io.open "config/usher.lua")
  local target <close> = assert(io.open("scripts/.types/config.lua", "w"))
  target:write(make(source:read "a"))
end

return make
