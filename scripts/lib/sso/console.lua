-- SPDX-License-Identifier: MIT
-- Back to the console: with a page of its own choosing, or with a stable error code. Nothing that identifies a person,
-- and no token, is ever in the address.
local config, fail, log = require "config", require "fail", require "log"
local return_to = require "lib.sso.return_to"

local console = {}


local function base()
  return (config.sso.console_url:gsub("/+$", ""))
end


-- headers: more of the reply, or nil.
function console.redirect(url, headers)
  local all = { Location = url, ["Cache-Control"] = "no-store" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return { status = 302, headers = all, body = "" }
end


-- path: from return_to.read. Without a console the answer is JSON.
function console.open(path, headers, json)
  if config.sso.console_url == "" then return { status = 200, headers = headers, json = json } end
  return console.redirect(base() .. return_to.write(path), headers)
end


local function with_traceback(problem)
  if fail.is(problem) then return problem end
  return debug.traceback(tostring(problem), 2)
end


local function as_json(err, headers)
  if fail.is(err) then
    err.headers = err.headers or {}
    for name, value in pairs(headers or {}) do err.headers[name] = value end
  end
  error(err, 0)
end


-- A handler whose errors a person sees in the console. Without a console they are JSON, as everywhere.
-- headers_of: function(code) -> more headers of the error, or nil.
function console.guard(handler, headers_of)
  return function(req)
    local ok, result = xpcall(handler, with_traceback, req)
    if ok then return result end
    local code = fail.is(result) and result.code or "internal_error"
    local headers = headers_of and headers_of(code)
    if config.sso.console_url == "" then as_json(result, headers) end
    if not fail.is(result) then log.error("request_failed", { error = result }) end
    return console.redirect(base() .. "/?error=" .. code, headers)
  end
end


return console
