-- SPDX-License-Identifier: MIT
-- Reads the settings: config/usher.lua gives every key, its type and its default; a file and the command line are laid
-- over it. Whatever does not fit is collected and refused at once, with the file, the key and the nearest right name.
-- Called by vm.c when a state is made; its result is what `require "config"` gives.
local nearest, secret = require "nearest", require "secret"

local settings = {
  missing = {}, -- what load left out because sources.lenient said so: one line for each secret
  problems = {}, -- what load went past because sources.tolerant said so: one line each
}

local NO_FILES <const> = { ["command line"] = true, ["usher dev"] = true }
local texts = {} -- file -> what it says

-- What a setting may be. config/usher.lua calls these; a file laid over it just says values (or calls them again).
local KIND = {}

local function kind(name, fields)
  fields.kind = name
  return setmetatable(fields, KIND)
end

local function is_kind(value, name)
  return getmetatable(value) == KIND and (not name or value.kind == name)
end

local vocabulary = {
  -- one_of("a", "b"): one of these strings; the first is the default.
  one_of = function(...) return kind("choice", { choices = { ... }, default = (...) }) end,
  -- between(8080, 0, 65535): a number inside the bounds.
  between = function(default, low, high) return kind("number", { default = default, low = low, high = high }) end,
  -- list{"a"}: strings in order.   map{seats = 5}: names chosen by you.
  list = function(default) return kind("list", { default = default or {} }) end,
  map = function(default) return kind("map", { default = default or {} }) end,
  -- secret "env:NAME" or secret "file:PATH": read at start, never shown to a script.
  secret = function(source) return kind("secret", { source = source, required = true }) end,
  -- optional_secret "env:NAME": the same, and nothing is wrong when it is missing.
  optional_secret = function(source) return kind("secret", { source = source, required = false }) end,
}

-- The line on which a file says `name`, "listen.port", or as much of it as is there.
local function line_of(file, name)
  local text, at = texts[file] or "", nil
  for part in name:gmatch "[^.]+" do
    local found = text:find("%f[%w_]" .. part:gsub("%p", "%%%0") .. "[\"'%]]*%s*=%f[^=]", at or 1)
    if not found then break end
    at = found
  end
  return at and select(2, text:sub(1, at):gsub("\n", "")) + 1
end

-- "FILE:LINE: what is wrong"
local function fault(file, name, message)
  local line = line_of(file, name)
  return ("%s%s: %s"):format(file, line and ":" .. line or "", message)
end

-- text: of a file; or the table that it would have returned. environment: name -> text, in place of the process's.
local function evaluate(text, name, environment)
  if type(text) == "table" then return text end
  if not NO_FILES[name] then texts[name] = text end
  -- env("NAME", default): the text of an environment variable.
  local function env(variable, default)
    local value = environment and environment[variable] or not environment and os.getenv(variable)
    return value or default or ""
  end
  local words = setmetatable({ env = env }, { __index = vocabulary })
  local chunk, problem = load(text, "@" .. name, "t", setmetatable({}, { __index = words }))
  if not chunk then return nil, problem end
  local ok, result = pcall(chunk)
  if not ok then return nil, tostring(result) end
  if type(result) ~= "table" then return nil, name .. ":1: must return a table of settings" end
  return result
end

local function describe(rule)
  if is_kind(rule, "choice") then return "one of \"" .. table.concat(rule.choices, "\", \"") .. "\"" end
  if is_kind(rule, "number") then return ("a number from %s to %s"):format(rule.low, rule.high) end
  if is_kind(rule, "list") then return "a list of strings, like { \"a\", \"b\" }" end
  if is_kind(rule, "map") then return "a table" end
  if is_kind(rule, "secret") then return "secret \"env:NAME\" or secret \"file:PATH\"" end
  if type(rule) == "table" then return "a table of settings" end
  return "a " .. type(rule)
end

local function is_list(value)
  if type(value) ~= "table" then return false end
  local n = 0
  for _, entry in pairs(value) do
    n = n + 1
    if type(entry) ~= "string" then return false end
  end
  return n == #value
end

local function number_fits(value, rule)
  if type(value) ~= "number" or not (value >= rule.low and value <= rule.high) then return false end -- nor not-a-number
  return math.type(rule.default) == "float" or math.type(value) == "integer"
end

local function fits(value, rule)
  if is_kind(value) then -- a file may say between(…) again
    if not is_kind(rule, value.kind) then return false end
    if value.kind == "secret" then return type(value.source) == "string" end
    value = value.default
  end
  if is_kind(rule, "choice") then
    for _, choice in ipairs(rule.choices) do
      if choice == value then return true end
    end
    return false
  end
  if is_kind(rule, "number") then return number_fits(value, rule) end
  if is_kind(rule, "list") then return is_list(value) end
  if is_kind(rule, "map") then return type(value) == "table" and not is_kind(value) end
  if is_kind(rule, "secret") then return false end
  return type(value) == type(rule)
end

-- A secret that was written down is not written once more.
local function show(value, rule)
  if is_kind(rule, "secret") then return "a " .. type(value) end
  if type(value) == "string" then return ("%q"):format(value) end
  if is_kind(value) then return value.kind == "secret" and "a secret" or "a " .. value.kind end
  return type(value) == "table" and "a table" or tostring(value)
end

-- Lays one source over the rules: known keys of the right type are stored in `chosen`, the rest are problems.
local function overlay(rules, chosen, source, file, path, problems)
  for key, value in pairs(source) do
    local name = path .. tostring(key)
    local rule = rules[key]
    if rule == nil then
      problems[#problems + 1] = fault(file, name, ("unknown setting %s; did you mean %s%s?"):format(name, path,
        nearest(tostring(key), rules)))
    elseif not fits(value, rule) then
      problems[#problems + 1] = fault(file, name, ("%s must be %s, not %s"):format(name, describe(rule),
        show(value, rule)))
    elseif type(rule) == "table" and not is_kind(rule) then
      chosen[key] = chosen[key] or {}
      overlay(rule, chosen[key], value, file, name .. ".", problems)
    else
      chosen[key] = { value = value, file = file }
    end
  end
end

-- reading: what load was asked for { lenient =, environment = }, and { problems = }
local function open_secret(name, source, reading)
  local variable = reading.environment and source:match "^env:(.*)$"
  if not variable then return secret.open(name, source) end
  local text = reading.environment[variable]
  if text then return secret.new(name, text) end
  return nil, ("environment variable %s is not set"):format(variable)
end

local function resolve_secret(marker, name, file, reading)
  local handle, problem = open_secret(name, marker.source, reading)
  if not handle and marker.required then
    local said = reading.lenient and settings.missing or reading.problems
    said[#said + 1] = fault(file, name, ("%s: %s"):format(name, problem))
  end
  return handle
end

local function leaf(rule, choice, name, file, reading)
  local value = rule
  if choice then value, file = choice.value, choice.file end
  if is_kind(value, "secret") then return resolve_secret(value, name, file, reading) end
  if is_kind(value) then return value.default end
  return value
end

-- Lists and maps are given away as copies: C reads them raw, so they cannot hide behind a metatable as sections do.
local function copied(value)
  if type(value) ~= "table" or getmetatable(value) then return value end
  local copy = {}
  for key, entry in pairs(value) do copy[key] = copied(entry) end
  return copy
end

-- Is there nothing in it that would have to be copied?
local function is_flat(section)
  for _, value in pairs(section) do
    if type(value) == "table" and not getmetatable(value) then return false end
  end
  return true
end

-- A section that can be read and not written; a setting that does not exist cannot be read either.
local function frozen(section, path, rules)
  local function missing(_, key)
    if rules[key] ~= nil then return nil end
    error(("there is no setting %s%s; did you mean %s%s?"):format(path, tostring(key), path,
      nearest(tostring(key), rules)), 2)
  end
  local function read(_, key)
    local value = section[key]
    if value == nil then return missing(section, key) end
    return copied(value)
  end
  local function following(_, key)
    local name, value = next(section, key)
    return name, copied(value)
  end
  return setmetatable({}, {
    __index = is_flat(section) and setmetatable(section, { __index = missing }) or read,
    __newindex = function(_, key) error(("config.%s%s cannot be set by a script"):format(path, tostring(key)), 2) end,
    __pairs = function(proxy) return following, proxy end,
    __metatable = "config",
  })
end

local function resolve(rules, chosen, file, path, reading)
  local result = {}
  for key, rule in pairs(rules) do
    if type(rule) == "table" and not is_kind(rule) then
      result[key] = resolve(rule, chosen[key] or {}, file, path .. key .. ".", reading)
    else
      result[key] = leaf(rule, chosen[key], path .. key, file, reading)
    end
  end
  return frozen(result, path, rules)
end

-- settings.place(name) -> "FILE:LINE" of a setting, "listen.port": where it is chosen, else its default
function settings.place(name)
  for _, file in ipairs(settings.files) do
    local line = line_of(file, name)
    if line then return ("%s:%d"):format(file, line) end
  end
end

-- settings.load{ {name, text or table}, … ; lenient =, tolerant = boolean, environment = {NAME = text} in place of the
-- process's } -> config | nil, list of lines. The first source is config/usher.lua itself. lenient: secrets may be
-- missing. tolerant: whatever is wrong is put into settings.problems, and the defaults stand in. Does not yield.
function settings.load(sources)
  local chosen, defaults = {}, sources[1]
  local reading = { lenient = sources.lenient, environment = sources.environment, problems = {} }
  local problems = reading.problems
  local rules, problem = evaluate(defaults[2], defaults[1], reading.environment)
  if not rules then return nil, { problem } end
  settings.files = { defaults[1] }
  for i = 2, #sources do
    local name, text = sources[i][1], sources[i][2]
    local given, why = evaluate(text, name, reading.environment)
    if given then
      overlay(rules, chosen, given, name, "", problems)
    else
      problems[#problems + 1] = why
    end
    if not NO_FILES[name] then table.insert(settings.files, 1, name) end
  end
  local config = resolve(rules, chosen, defaults[1], "", reading)
  table.sort(problems)
  table.sort(settings.missing)
  if sources.tolerant then settings.problems = problems
  elseif #problems > 0 then return nil, problems end
  return config
end

return settings
