-- SPDX-License-Identifier: MIT
-- What is wrong, as a page: for the browser of whoever edits scripts, where show_tracebacks says so. Programs get the
-- JSON that they always get. Called by answer.lua. Does not yield.
local config = require "config"

local error_page = {}

local PAGE <const> = [[
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>usher: %s</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 3em auto; max-width: 60em; padding: 0 1em; color: #222 }
h1 { font-size: 1.4em; border-left: .3em solid #c22; padding-left: .6em }
pre { background: #f4f4f2; padding: 1em; overflow-x: auto; font-size: 14px }
</style>
<h1>%s</h1>
<pre>%s</pre>
<p>%s</p>
</html>
]]

local ESCAPES <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function reply(status, title, text, next_step)
  return {
    status = status,
    headers = { ["Content-Type"] = "text/html; charset=utf-8", ["Cache-Control"] = "no-store",
      ["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'" },
    body = PAGE:format(title, title, text:gsub('[&<>"]', ESCAPES), next_step),
  }
end

-- Does a person look at the answer? A script's fetch and curl accept anything, and do not name text/html.
function error_page.wanted(request)
  return config.show_tracebacks and request.listener == "public"
    and (request:header "accept" or ""):lower():find("text/html", 1, true) ~= nil
end

-- The files as they are were refused: what a GET of any page shows.
function error_page.refusal(problem)
  return reply(503, "These scripts are refused", problem,
    "The version before them keeps serving programs. Mend it, save, and load this page again.")
end

-- A request failed, and it is our fault.
function error_page.failure(problem, request_id)
  return reply(500, "A script failed", problem, "Request " .. request_id .. "; the log has the same.")
end

return error_page
