-- SPDX-License-Identifier: MIT
-- Resource servers of a pool: APIs with scopes of their own, which clients may be given.
local json = require "json"
local db = require "sandbox.cognito.tables"
local pools = require "sandbox.cognito.pools"
local failure = require "sandbox.failure"

local resource_servers = { operations = {} }
local operations = resource_servers.operations

local PAGE <const> = 50

db:exec [[
  CREATE TABLE IF NOT EXISTS cognito_resource_servers (
    pool TEXT NOT NULL,
    identifier TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT,
    PRIMARY KEY (pool, identifier)
  );
]]

local function described(row)
  return { UserPoolId = row.pool, Identifier = row.identifier, Name = row.name,
    Scopes = row.scopes and json.decode(row.scopes) or nil }
end

local function find(pool, identifier)
  return db:row("SELECT * FROM cognito_resource_servers WHERE pool = ? AND identifier = ?", pool.id, identifier)
end

local function get(input)
  local row = find(pools.get(input.UserPoolId), input.Identifier)
  return row or failure("ResourceNotFoundException", ("Resource server %s does not exist."):format(input.Identifier))
end

local function save(pool, input)
  db:run("INSERT OR REPLACE INTO cognito_resource_servers (pool, identifier, name, scopes) VALUES (?, ?, ?, ?)",
    pool.id, input.Identifier, input.Name, input.Scopes and json.encode(input.Scopes))
  return { ResourceServer = described(get(input)) }
end

function operations.CreateResourceServer(input)
  local pool = pools.get(input.UserPoolId)
  if find(pool, input.Identifier) then
    failure("InvalidParameterException", ("%s already exists in user pool %s."):format(input.Identifier, pool.id))
  end
  return save(pool, input)
end

function operations.UpdateResourceServer(input)
  get(input)
  return save(pools.get(input.UserPoolId), input)
end

function operations.DescribeResourceServer(input)
  return { ResourceServer = described(get(input)) }
end

function operations.DeleteResourceServer(input)
  local row = get(input)
  db:run("DELETE FROM cognito_resource_servers WHERE pool = ? AND identifier = ?", row.pool, row.identifier)
end

function operations.ListResourceServers(input)
  local pool = pools.get(input.UserPoolId)
  local shown, next_token = pools.page(described, "SELECT rowid, * FROM cognito_resource_servers WHERE pool = ? "
    .. "AND rowid > ? ORDER BY rowid LIMIT ?", input.MaxResults or PAGE, input.NextToken, pool.id)
  return { ResourceServers = shown, NextToken = next_token }
end

-- The scopes as clients name them, as a set.
function resource_servers.scopes(pool)
  local set = {}
  for _, row in ipairs(db:rows("SELECT * FROM cognito_resource_servers WHERE pool = ?", pool.id)) do
    for _, scope in ipairs(row.scopes and json.decode(row.scopes) or {}) do
      set[row.identifier .. "/" .. scope.ScopeName] = true
    end
  end
  return set
end

return resource_servers
