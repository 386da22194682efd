-- SPDX-License-Identifier: MIT
-- bindings: a request as handlers know it, made of a table instead of bytes; and the reply to it, read again. For
-- testing.lua: what a spec asks of a flow, and what a flow asks of the sandbox.
local clock, crypto, json = require "clock", require "crypto", require "json"

local testing_request = {}

local METHODS <const> = { "json", "query", "cookie" }


local function list_of(headers)
  local list = {}
  for name, value in pairs(headers) do
    for _, one in ipairs(type(value) == "table" and value or { value }) do
      list[#list + 1] = { name, tostring(one) }
    end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end


local own = {}

function own:header(name)
  for _, header in ipairs(self.sent) do
    if header[1]:lower() == name:lower() then return header[2] end
  end
end

function own:headers()
  local copy = {}
  for i, header in ipairs(self.sent) do copy[i] = { header[1], header[2] } end
  return copy
end

-- Nobody reads the answer once the caller's time is over.
function own:gone()
  return self.deadline ~= nil and clock.monotonic() >= self.deadline
end

function own:half_closed()
  return self:gone()
end


-- { listener=, method=, target=, headers= name -> value or list, body=, remote=, deadline= monotonic } -> request.
-- methods: the universe's request_methods.
function testing_request.new(fields, methods)
  local path, query = fields.target:match "^([^?]*)%??(.*)$"
  local request = {
    listener = fields.listener, method = fields.method, target = fields.target, path = path, query_string = query,
    body = fields.body or "", id = fields.id or crypto.uuid(), remote = fields.remote or "192.0.2.1",
    sent = list_of(fields.headers or {}), deadline = fields.deadline,
  }
  request.remote_key = request.remote
  local known = { header = own.header, headers = own.headers, gone = own.gone, half_closed = own.half_closed }
  for _, name in ipairs(METHODS) do known[name] = methods[name] end
  return setmetatable(request, { __index = function(self, name)
    if name == "query" then return known.query(self) end
    return known[name]
  end })
end


-- What answer.lua gives: status, { name, value, … }, body -> { status=, headers= lower-case name -> value, cookies=
-- name -> value, set_cookies= list, body=, json= }
function testing_request.reply(status, flat, body)
  local reply = { status = status, headers = {}, cookies = {}, set_cookies = {}, body = body }
  for i = 1, #flat, 2 do
    local name, value = flat[i]:lower(), flat[i + 1]
    reply.headers[name] = reply.headers[name] and reply.headers[name] .. ", " .. value or value
    if name == "set-cookie" then
      table.insert(reply.set_cookies, value)
      local cookie, text = value:match "^([^=]+)=([^;]*)"
      reply.cookies[cookie] = text
    end
  end
  if (reply.headers["content-type"] or ""):find "^application/[%w.+-]*json" then reply.json = json.decode(body) end
  return reply
end


return testing_request
