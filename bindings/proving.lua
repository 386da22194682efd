-- SPDX-License-Identifier: MIT
-- Proves a set of scripts before it serves, and tells all that is wrong with it at once: compiles every file, loads
-- every module, builds the routes, runs the specs that lie beside the scripts. Their runner is a small one that knows
-- busted's describe, it, before_each, after_each, pending and, in spec_asserts.lua, asserts: the same files run under
-- `usher test`. Called by proof.c, in a state of its own.
local config_names, globals, routing = require "config_names", require "globals", require "routing"
local script_files, settings, spec_asserts = require "script_files", require "settings", require "spec_asserts"

local proving = {}

local blocks, faults = {}, require "faults".new() -- the describes that are open; what went wrong

-- Raised where a spec wants a world of a set that does not load: the world would only say the same again.
local NO_WORLD <const> = {}
faults.passes = NO_WORLD

-- What a module has already been blamed for is not told again by each spec that needs it.
local function blame(name, fault)
  if fault == NO_WORLD or faults:knows(fault) then return end
  fault.message = name .. ": " .. fault.message
  faults:add(fault)
end

local function full_name(name)
  local names = {}
  for _, block in ipairs(blocks) do names[#names + 1] = block.name end
  names[#names + 1] = name
  return table.concat(names, " ")
end

local function run_hooks(kind)
  for _, block in ipairs(blocks) do
    for _, hook in ipairs(block[kind]) do hook() end
  end
end

local environment = {
  describe = function(name, fn)
    blocks[#blocks + 1] = { name = name, before = {}, after = {} }
    local ok, fault = faults:try(fn)
    if not ok then blame(full_name(), fault) end
    blocks[#blocks] = nil
  end,
  it = function(name, fn)
    local ok, fault = faults:try(function()
      run_hooks "before"
      fn()
    end)
    local cleaned, why = faults:try(run_hooks, "after")
    if not ok then blame(full_name(name), fault) end
    if not cleaned then blame(full_name(name), why) end
  end,
  before_each = function(fn) table.insert(blocks[#blocks].before, fn) end,
  after_each = function(fn) table.insert(blocks[#blocks].after, fn) end,
  setup = function(fn) fn() end,
  pending = function() end,
  assert = spec_asserts,
}
environment.context = environment.describe
setmetatable(environment, { __index = globals.environment() })

-- proving.environment() -> the globals of one spec: what it writes there, no other sees.
function proving.environment()
  return setmetatable({}, { __index = environment })
end

-- --- the set ----------------------------------------------------------------------------------

-- Every file is compiled, whether anything requires it or not. -> the specs' functions
local function compile()
  local specs = {}
  for _, file in ipairs(script_files.list()) do
    local is_spec = file.name:find "_spec%.lua$"
    local ok, chunk = pcall(is_spec and script_files.load or script_files.compile, file.name)
    if not ok then
      local path, line, message = faults:split(chunk)
      faults:add { file = path or file.path, line = line or 1, message = message or chunk }
    elseif is_spec then
      debug.setupvalue(chunk, 1, proving.environment())
      specs[#specs + 1] = chunk
    end
  end
  return specs
end

-- "lib/form.lua" -> "lib.form"; nil for what no flow requires: specs, commands and the sandbox, which have all of Lua,
-- and the settings file that `usher eject` writes beside them.
local function module_of(name)
  if name == "usher.lua" or name:find "_spec%.lua$" or name:find "^commands/" or name:find "^sandbox/" then return end
  return (name:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
end

-- Every module's top level runs, as on a worker.
local function load_modules()
  local script_require = globals.environment().require
  for _, file in ipairs(script_files.list()) do
    local name = module_of(file.name)
    if name and name:find "^%a[%w_.]*$" then
      local ok, fault = faults:try(script_require, name)
      if not ok then faults:add(fault) end
    end
  end
end

local function load_handler(name)
  local ok, handler = faults:try(require, name)
  if not ok then return faults:add(handler) end
  if type(handler) ~= "function" then faults:add { message = name .. " must return a function of a request" } end
end

-- proving.run(handler, with_specs, problem): problem: what C has to say of the settings, or nil. What is wrong is in
-- proving.written() afterwards, also when this was ended half way. Yields where a spec does.
function proving.run(handler, with_specs, problem)
  for _, text in ipairs(settings.problems) do faults:add_text(text) end
  if problem then
    faults:add_text(("%s: %s"):format(settings.place(problem:match "^[%w_.]+") or "settings", problem))
  end
  local of_settings = #faults.list
  local specs = compile()
  load_modules()
  routing.compile(faults)
  if not faults:any() then load_handler(handler) end
  config_names.check(faults)
  if not with_specs then return end
  if #faults.list > of_settings then require "testing".world = function() error(NO_WORLD, 0) end end
  for _, spec in ipairs(specs) do
    local ok, fault = faults:try(spec)
    if not ok then blame("the spec cannot be loaded", fault) end
    if package.loaded.testing then package.loaded.testing.finish() end -- a world ends with its file
  end
end

-- proving.written([thread, problem]) -> nil when nothing was wrong; else a line for each fault, the same with
-- tracebacks, and a list as JSON. thread: where run failed; without one,
-- problem is what a limit stopped it with.
function proving.written(thread, problem)
  if thread then
    faults:add(faults:of(problem, thread))
  elseif problem then
    local file, line, message = faults:split(problem)
    faults:add { file = file, line = line, message = message or problem }
  end
  if faults:any() then return faults:written() end
end

return proving
