-- SPDX-License-Identifier: MIT
-- bindings: modules of their own, for testing.lua and fresh_scripts.lua. universe.new(given[, options]) -> require: a
-- function that finds what is given (name -> module), and loads usher's Lua modules, the scripts and the sandbox anew,
-- so that whatever they require is of the same universe. C modules are the state's. options.read(name) -> text, path of
-- a script, in place of the state's own; options.as_flows: scripts have what flows have where usher serves, but for
-- commands. A file is compiled once for all universes, but for those that read.
local embedded, globals, script_files = require "embedded", require "globals", require "script_files"

local universe = {}

local FORMS <const> = { "%s.lua", "%s/init.lua" }

local shared = {} -- name -> { chunk =, path =, is_script = } | false: a C module


local function compile(text, path, is_script)
  local chunk, problem = load(text, "@" .. path, "t")
  if not chunk then error(problem, 0) end
  return { chunk = chunk, path = path, is_script = is_script }
end


-- usher's own first, as everywhere; the sandbox is always the binary's.
local function find(name, read)
  local file = name:gsub("%.", "/")
  for _, form in ipairs(FORMS) do
    local path = "bindings/" .. form:format(file)
    local text = embedded.read(path)
    if text then return compile(text, path, false) end
  end
  for _, form in ipairs(FORMS) do
    local path = form:format(file)
    local text, from = embedded.read("scripts/" .. path), "scripts/" .. path
    if file:find "^sandbox/" or file == "sandbox" then
      if text then return compile(text, from, false) end
    else
      text, from = read(path)
      if text then return compile(text, from, true) end
    end
  end
  return false
end


-- What a chunk has as globals: those of its kind, and this universe's require.
local function environment(base, require_here)
  return setmetatable({}, {
    __index = function(env, name)
      if name == "require" then return require_here end
      if name == "_G" then return env end
      return base[name]
    end,
    __newindex = function(_, name, value) base[name] = value end,
    __pairs = function() return pairs(base) end,
  })
end


-- Do scripts have all of Lua in this state?
local function is_trusted()
  return (pcall(function() return globals.environment().io end))
end


function universe.new(given, options)
  local read, as_flows = options and options.read, options and options.as_flows
  local loaded, loading, compiled = given, {}, read and {} or shared
  local own, tools, scripts

  local function run(name, found)
    local env = found.is_script and (name:find "^commands%." and tools or scripts) or own
    debug.upvaluejoin(found.chunk, 1, function() return env end, 1) -- earlier universes keep theirs
    loading[name] = true
    local module = found.chunk(name, found.path)
    loading[name] = nil
    if module == nil then module = true end
    loaded[name] = module
    return module, found.path
  end

  local function require_here(name)
    if loaded[name] ~= nil then return loaded[name] end
    if loading[name] then error("modules require each other in a circle at " .. name, 2) end
    if compiled[name] == nil then compiled[name] = find(name, read or script_files.read) end
    if compiled[name] then return run(name, compiled[name]) end
    return require(name)
  end

  local function require_as_flow(name)
    if globals.hides(name) then error(("module '%s' is usher's own, and not for scripts"):format(name), 2) end
    return require_here(name)
  end

  own, tools = environment(_G, require_here), environment(globals.environment(), require_here)
  scripts = as_flows and environment(globals.flow(), require_as_flow) or tools
  if not is_trusted() then tools = scripts end
  loaded.globals = { environment = function() return scripts end }
  return require_here
end


return universe
