-- SPDX-License-Identifier: MIT
-- Finds the flow for a request. scripts/routes.lua is a list of { method, path, module }; the module returns a function
-- of the request. Every module is loaded when the router is, so that a broken one is refused at start and not at night.
local fail = require "fail"

local builtin = {
  { "GET", "/healthz", "health" },
  { "GET", "/readyz", "health" },
}
local admin = {
  { "GET", "/healthz", "health" },
  { "GET", "/readyz", "health" },
  { "GET", "/metrics", "admin" },
  { "GET", "/status", "admin" },
}

local function compile(routes, compiled)
  for i, route in ipairs(routes) do
    local method, path, name = route[1], route[2], route[3]
    if not (method and path and name) then
      error(("routes.lua: entry %d must be { method, path, module }"):format(i), 0)
    end
    local handler = require(name)
    if type(handler) ~= "function" then
      error(("routes.lua: %s %s: module %s must return a function"):format(method, path, name), 0)
    end
    compiled[path] = compiled[path] or {}
    if compiled[path][method] then error(("routes.lua: %s %s stands twice"):format(method, path), 0) end
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

local public = compile(require "routes", compile(builtin, {}))
local listeners = { public = public, admin = compile(admin, {}) }

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
