-- SPDX-License-Identifier: MIT
-- The tables of routes: which function answers which method and path on which listener. Every module is loaded with
-- them, so that a broken one is refused at start and not at night. Called by router.lua, which serves by them, and by
-- proving.lua, which tells what is wrong. Does not yield.
local globals, script_files = require "globals", require "script_files"

local routing = {}

local METHODS <const> = { GET = true, HEAD = true, POST = true, PUT = true, PATCH = true, DELETE = true,
  OPTIONS = true }

local PUBLIC <const> = {
  { "GET", "/healthz", "health" },
  { "GET", "/readyz", "health" },
}
local ADMIN <const> = {
  { "GET", "/healthz", "health" },
  { "GET", "/readyz", "health" },
  { "GET", "/metrics", "admin" },
  { "GET", "/status", "admin" },
  { "POST", "/reload", "admin" },
  { "POST", "/rollback", "admin" },
}

-- Where a route stands in its file: the nth line that has its method and its path.
local function line_of(text, method, path, nth)
  local number, last = 0, nil
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    local code = line:gsub("%-%-.*", "")
    local _, times = code:gsub("[\"']" .. method .. "[\"']%s*,%s*[\"']" .. path:gsub("%p", "%%%0") .. "[\"']", "")
    if times > 0 then nth, last = nth - times, number end
    if nth <= 0 then return number end
  end
  return last or 1
end

local function malformed(route)
  route = type(route) == "table" and route or {}
  local method, path, name = table.unpack(route)
  if type(method) ~= "string" or type(path) ~= "string" or type(name) ~= "string" then
    return "must be { method, path, module }"
  end
  if not METHODS[method] then return ("has the method %q, which no request has"):format(method) end
  if route.effects ~= nil and route.effects ~= true then return "has effects, which can only be true" end
  if path:sub(1, 1) ~= "/" then return ("has the path %q, which must begin with /"):format(path) end
end

-- source: { file =, text =, require =, faults =, times = {}, heads = {} }; times: how often each route was met; heads:
-- what answers HEAD where no route of its own does: GET, unless it has effects
local function tell(source, message, route)
  local line = 1
  if route then
    local called = route[1] .. " " .. route[2]
    line = line_of(source.text, route[1], route[2], source.times[called])
    message = ("%s: %s"):format(called, message)
  end
  source.faults:add { file = source.file, line = line, message = message }
end

-- What the module of a route returns. A fault inside it is told where it is; one of the route, at the route.
local function handler_of(source, route)
  local name = route[3]
  local ok, handler = source.faults:try(source.require, name)
  if not ok and handler.file then
    source.faults:add(handler)
  elseif not ok then
    tell(source, handler.message, route)
  elseif type(handler) ~= "function" then
    tell(source, ("module %s must return a function, not a %s"):format(name, type(handler)), route)
  else
    return handler
  end
end

local function add_route(compiled, route, source)
  local method, path = route[1], route[2]
  local called = method .. " " .. path
  source.times[called] = (source.times[called] or 0) + 1
  compiled[path] = compiled[path] or {}
  if compiled[path][method] ~= nil then return tell(source, "stands twice", route) end
  compiled[path][method] = handler_of(source, route) or false
  if method == "GET" and not route.effects then source.heads[path] = compiled[path].GET end
end

local function add(compiled, routes, source)
  source.times, source.heads = {}, {}
  if type(routes) ~= "table" then return tell(source, "must return a list of routes") end
  for i, route in ipairs(routes) do
    local wrong = malformed(route)
    if wrong then tell(source, ("entry %d %s"):format(i, wrong)) else add_route(compiled, route, source) end
  end
  for path, handler in pairs(source.heads) do
    if compiled[path].HEAD == nil then compiled[path].HEAD = handler end
  end
end

local function built_in(routes, faults)
  local compiled = {}
  add(compiled, routes, { file = "built in", text = "", require = require, faults = faults })
  return compiled
end

-- The methods of all these routes, as a CORS preflight lists them.
local function methods_of(compiled)
  local found, names = {}, {}
  for _, methods in pairs(compiled) do
    for method in pairs(methods) do found[method] = true end
  end
  for method in pairs(found) do names[#names + 1] = method end
  table.sort(names)
  return table.concat(names, ", ")
end

-- routing.compile(faults) -> { public =, admin = }, each path -> method -> function. What is wrong is added to faults;
-- nil when there are no routes at all. routing.methods: what the public ones can be asked with.
function routing.compile(faults)
  local script_require = globals.environment().require -- a route cannot lead to what scripts cannot have
  local ok, routes = faults:try(require, "routes")
  if not ok then return faults:add(routes) end
  local text, file = script_files.read "routes.lua"
  local public = built_in(PUBLIC, faults)
  add(public, routes, { file = file or "routes", text = text or "", require = script_require, faults = faults })
  routing.methods = methods_of(public)
  return { public = public, admin = built_in(ADMIN, faults) }
end

return routing
