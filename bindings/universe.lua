-- SPDX-License-Identifier: MIT
-- bindings: modules of their own, for testing.lua and fresh_scripts.lua. universe.new(given[, options]) -> require: a
-- function that finds what is given (name -> module), and loads usher's Lua modules, the scripts and the sandbox anew,
-- so that whatever they require is of the same universe. C modules are the state's. options.read(name) -> text, path of
-- a script, in place of the state's own; options.as_flows: scripts have what flows have where usher serves, but for
-- commands. A file is compiled once for all universes, but for those that read.
local embedded, globals, modules = require "embedded", require "globals", require "modules"
local script_files, spec_needs = require "script_files", require "spec_needs"

local universe = {}

local FORMS <const> = { "%s.lua", "%s/init.lua" }

local shared = {} -- name -> { chunk =, path =, is_script = } | false: a C module


-- How the state's own scripts are loaded; a function like it is made of options.read.
local function reader(read)
  return function(path)
    local text, from = read(path)
    if text then return assert(load(text, "@" .. from, "t")), from end
  end
end


-- usher's own first, as everywhere; the sandbox is always the binary's.
local function find(name, load_script)
  local file = name:gsub("%.", "/")
  local of_sandbox = file:find "^sandbox/" or file == "sandbox"
  for _, folder in ipairs(of_sandbox and { "bindings/", "scripts/" } or { "bindings/" }) do
    for _, form in ipairs(FORMS) do
      local path = folder .. form:format(file)
      local chunk = embedded.load(path)
      if chunk then return { chunk = chunk, path = path, is_script = false } end
    end
  end
  for _, form in ipairs(of_sandbox and {} or FORMS) do
    local chunk, path = load_script(form:format(file))
    if chunk then return { chunk = chunk, path = path, is_script = true } end
  end
  return false
end


-- What a chunk has as globals: those of its kind, and this universe's require.
local function environment(base, require_here)
  local env = {}
  local names = setmetatable({ require = require_here, _G = env }, { __index = base })
  return setmetatable(env, { __index = names, __newindex = base, __pairs = function() return pairs(base) end })
end


-- Do scripts have all of Lua in this state?
local function is_trusted()
  return (pcall(function() return globals.environment().io end))
end


function universe.new(given, options)
  local read, as_flows = options and options.read, options and options.as_flows
  local load_script = read and reader(read) or script_files.load
  local loaded, loading, compiled = given, {}, read and {} or shared
  local own, tools, scripts

  local function run(name, found)
    spec_needs.note(found.path)
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
    if compiled[name] == nil then compiled[name] = find(name, load_script) end
    if compiled[name] then return run(name, compiled[name]) end
    return require(name)
  end

  local function require_as_flow(name)
    if modules.hides(name) then error(("module '%s' is usher's own, and not for scripts"):format(name), 2) end
    return require_here(name)
  end

  own, tools = environment(_G, require_here), environment(globals.environment(), require_here)
  scripts = as_flows and environment(globals.flow(), require_as_flow) or tools
  if not is_trusted() then tools = scripts end
  loaded.globals = { environment = function() return scripts end }
  return require_here
end


return universe
