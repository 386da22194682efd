-- SPDX-License-Identifier: MIT
-- Finds the flow for a request. scripts/routes.lua is a list of { method, path, module }; the module returns a function
-- of the request. Every module is loaded when the router is, so that a broken one is refused at start and not at night.
local fail, globals = require "fail", require "globals"

local builtin = {
  { "GET", "/healthz", "health" },
  { "GET", "/readyz", "health" },
}
local admin = {
  { "GET", "/healthz", "health" },
  { "GET", "/readyz", "health" },
  { "GET", "/metrics", "admin" },
  { "GET", "/status", "admin" },
  { "POST", "/reload", "admin" },
  { "POST", "/rollback", "admin" },
}

local function load_handler(require, name)
  local ok, handler = pcall(require, name)
  if not ok then return nil, tostring(handler) end
  if type(handler) ~= "function" then return nil, ("module %s must return a function"):format(name) end
  return handler
end

local function compile(require, routes, file, compiled)
  if type(routes) ~= "table" then error(file .. ": must return a list of routes", 0) end
  for i, route in ipairs(routes) do
    local method, path, name = table.unpack(type(route) == "table" and route or {})
    if type(method) ~= "string" or type(path) ~= "string" or type(name) ~= "string" then
      error(("%s: entry %d must be { method, path, module }"):format(file, i), 0)
    end
    local handler, problem = load_handler(require, name)
    if not handler then error(("%s: %s %s: %s"):format(file, method, path, problem), 0) end
    compiled[path] = compiled[path] or {}
    if compiled[path][method] then error(("%s: %s %s stands twice"):format(file, method, path), 0) end
    compiled[path][method] = handler
  end
  return compiled
end

local function allowed(methods)
  local names = {}
  for name in pairs(methods) do names[#names + 1] = name end
  if methods.GET and not methods.HEAD then names[#names + 1] = "HEAD" end
  names[#names + 1] = "OPTIONS"
  table.sort(names)
  return table.concat(names, ", ")
end

local script_require = globals.environment().require -- a route cannot lead to what scripts cannot have
local routes, file = require "routes" -- the file is told only to who loads it first
require "reporting"

-- scripts/jobs.lua registers what runs beside the requests. There may be none; a broken one is refused at start, too.
local has_jobs, no_jobs = pcall(require, "jobs")
if not has_jobs and not tostring(no_jobs):find "^module 'jobs' not found" then error(no_jobs, 0) end

local public = compile(script_require, routes, file or "routes.lua", compile(require, builtin, "built in", {}))
local listeners = { public = public, admin = compile(require, admin, "built in", {}) }

return function(request)
  local methods = listeners[request.listener][request.path]
  if not methods then fail(404, "not_found") end
  local method = request.method
  local handler = methods[method] or (method == "HEAD" and methods.GET)
  if handler then return handler(request) end
  local allow = { Allow = allowed(methods) }
  if method == "OPTIONS" then return { status = 204, headers = allow } end
  fail(405, "method_not_allowed", nil, { headers = allow })
end
