-- SPDX-License-Identifier: MIT
-- Finds the flow for a request. scripts/routes.lua is a list of { method, path, module }; the module returns a function
-- of the request. A path that ends with /* is for all below it that have no entry of their own. GET answers HEAD too,
-- but for a route with `effects = true`: who only looks must not set off what can happen once.
local fail, faults, routing = require "fail", require "faults", require "routing"

local function allowed(methods)
  local names = {}
  for name in pairs(methods) do names[#names + 1] = name end
  names[#names + 1] = "OPTIONS"
  table.sort(names)
  return table.concat(names, ", ")
end

require "reporting"

-- scripts/jobs.lua registers what runs beside the requests. There may be none; a broken one is refused at start, too.
local has_jobs, no_jobs = pcall(require, "jobs")
if not has_jobs and not tostring(no_jobs):find "^module 'jobs' not found" then error(no_jobs, 0) end

local wrong = faults.new()
local listeners = routing.compile(wrong)
if #wrong.list > 0 then error((select(2, wrong:written())), 0) end

-- The entry of the nearest folder above: /a/* for /a/b. A path with "//" or a dot-segment is nobody's.
local function below(entries, path)
  if path:find("//", 1, true) or path:find("/%.%.?/") or path:find("/%.%.?$") then return nil end
  local folder = path
  repeat
    folder = folder:match("^(.*)/[^/]*$")
    local methods = folder and entries[folder .. "/*"]
    if methods then return methods end
  until not folder
end

return function(request)
  local entries, path = listeners[request.listener], request.path
  local methods = entries[path] or below(entries, path)
  if not methods then fail(404, "not_found") end
  local handler = methods[request.method]
  if handler then return handler(request) end
  local allow = { Allow = allowed(methods) }
  if request.method == "OPTIONS" then return { status = 204, headers = allow } end
  fail(405, "method_not_allowed", nil, { headers = allow })
end
