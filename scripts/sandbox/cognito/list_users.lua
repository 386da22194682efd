-- SPDX-License-Identifier: MIT
-- ListUsers: the filter's grammar (one attribute, = or ^=, a quoted value), attributes to show, pages.
local crypto = require "crypto"
local json = require "json"
local db = require "sandbox.cognito.tables"
local pools = require "sandbox.cognito.pools"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"
local set_of = require "sandbox.set_of"

local list_users = {}

local PAGE = 60

local function bad(message) failure("InvalidParameterException", message) end

local function attribute_column(name)
  return ("json_extract(attributes, '$.%s')"):format(name)
end

-- What may be searched: the SQL that gives the value, and how the sought value is written before comparing.
local function folded(pool, value) return users.fold(pool, value) end
local function as_is(_, value) return value end
local SEARCHABLE = {
  username = { "username", as_is },
  sub = { "sub", as_is },
  email = { "email_key", folded },
  phone_number = { "phone_key", folded },
  preferred_username = { "preferred_key", folded },
  name = { attribute_column "name", as_is },
  given_name = { attribute_column "given_name", as_is },
  family_name = { attribute_column "family_name", as_is },
  ["cognito:user_status"] = { "status", function(_, value) return value:upper() end },
  status = { "CASE enabled WHEN 1 THEN 'Enabled' ELSE 'Disabled' END", as_is },
}

-- name op "value", where a quote inside the value is \" and a backslash \\.
local function parse(filter)
  local name, op, quoted = filter:match('^%s*"?([^%s"=^]+)"?%s*(%^?=)%s*"(.*)"%s*$')
  if not name then bad("Error while parsing filter") end
  local bare = quoted:gsub("\\.", "")
  if bare:find('["\\]') then bad("Error while parsing filter") end
  return name, op, (quoted:gsub("\\(.)", "%1"))
end

-- The SQL condition and its values.
local function condition(pool, filter)
  if not filter or filter == "" then return "1", {} end
  local name, op, value = parse(filter)
  local search = SEARCHABLE[name]
  if not search then bad("Invalid search attribute: " .. name) end
  value = search[2](pool, value)
  if op == "=" then return search[1] .. " = ?", { value } end
  return ("substr(%s, 1, length(?)) = ?"):format(search[1]), { value, value }
end

local function position(token)
  if not token then return 0 end
  local text = crypto.unbase64(token)
  local id = text and math.tointeger(tonumber(text:match("^after:(%d+)$")))
  return id or bad("Invalid pagination token.")
end

-- Every user of the page must have what is asked for.
local function check_wanted(list, names)
  for _, user in ipairs(list) do
    for _, name in ipairs(names) do
      if not user.attributes[name] then bad "One or more requested attributes do not exist." end
    end
  end
end

function list_users.ListUsers(input)
  local pool = pools.get(input.UserPoolId)
  local limit = (input.Limit or 0) > 0 and input.Limit or PAGE
  local where, values = condition(pool, input.Filter)
  table.insert(values, 1, pool.id)
  table.insert(values, 2, position(input.PaginationToken))
  values[#values + 1] = limit + 1
  local sql = "SELECT * FROM cognito_users WHERE pool = ? AND id > ? AND %s ORDER BY id LIMIT ?"
  local rows = db:rows(sql:format(where), table.unpack(values))

  local token
  if #rows > limit then rows[#rows], token = nil, crypto.base64("after:" .. rows[limit].id) end

  local shown = json.array {}
  for _, user in ipairs(rows) do
    user.attributes, user.enabled = json.decode(user.attributes), user.enabled ~= 0
  end
  check_wanted(rows, input.AttributesToGet or {})
  for i, user in ipairs(rows) do
    shown[i] = users.describe(user, input.AttributesToGet and set_of(input.AttributesToGet))
  end
  return { Users = shown, PaginationToken = token }
end

return list_users
