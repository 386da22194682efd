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


-- A handler whose errors a person sees in the console. Without a console they are JSON, as everywhere.
-- headers: of every error.
function console.guard(handler, headers)
  return function(req)
    local ok, result = xpcall(handler, with_traceback, req)
    if ok then return result end
    if config.sso.console_url == "" then
      if fail.is(result) then
        result.headers = result.headers or {}
        for name, value in pairs(headers or {}) do result.headers[name] = value end
      end
      error(result, 0)
    end
    if not fail.is(result) then log.error("request_failed", { error = result }) end
    return console.redirect(base() .. "/?error=" .. (fail.is(result) and result.code or "internal_error"), headers)
  end
end


return console
