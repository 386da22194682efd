-- SPDX-License-Identifier: MIT
-- bindings: the commands' way to a running server: one call to its admin listener, and what every such command takes.
local config, http, json = require "config", require "http", require "json"

local admin_client = {}

admin_client.HELP = [[
  --admin URL   the admin listener (default: admin.host and admin.port of the settings; with --dev=PORT, a running
                `usher dev`, the port behind it)
  --json        for programs: the listener's answer as it is
]]


local function base_url(text)
  return text:match "^https?://[^%s%c]+$", "a URL, like http://127.0.0.1:8081"
end


-- What such a command takes, besides values: for its `wanted`.
function admin_client.wanted(values)
  values.admin = base_url
  return { flags = { "json" }, values = values }
end


local function address(given)
  if given.admin then return (given.admin:gsub("/+$", "")) end
  local host = config.admin.host
  return ("http://%s:%d"):format(host:find(":", 1, true) and "[" .. host .. "]" or host, config.admin.port)
end


-- -> the answer's object and its text | nil after saying what is wrong. Yields.
function admin_client.call(given, method, path)
  local url = address(given)
  local reply, err = http.fetch { method = method, url = url .. path, timeout = 120 }
  if not reply then
    io.stderr:write(("usher: nothing answers at %s (%s); is it serving? --admin takes another address\n")
      :format(url, err.kind))
    return nil
  end
  local object = json.decode(reply.body)
  if type(object) == "table" and not object.error then return object, reply.body end
  io.stderr:write(("usher: %s answered %d, which is not usher's admin listener\n"):format(url, reply.status))
  return nil
end


-- Says how a reload or a rollback went -> the exit code.
function admin_client.tell(given, object, text)
  if not object then return 1 end
  if given.json then
    print(text)
  elseif object.ok then
    print("usher: " .. object.message)
  else
    io.stderr:write("usher: refused, and nothing was changed:\n", object.message, "\n")
  end
  return object.ok and 0 or 1
end


return admin_client
