-- SPDX-License-Identifier: MIT
-- Domains of the hosted UI, as far as administrators see them. In the sandbox every pool's hosted UI is on the listener
-- itself, with a domain or without.
local crypto = require "crypto"
local json = require "json"
local db = require "sandbox.cognito.tables"
local pools = require "sandbox.cognito.pools"
local failure = require "sandbox.failure"
local settings = require "sandbox.settings"

local domains = { operations = {} }
local operations = domains.operations

db:exec [[
  CREATE TABLE IF NOT EXISTS cognito_domains (domain TEXT PRIMARY KEY, pool TEXT NOT NULL, settings TEXT NOT NULL);
]]

local function bad(message) failure("InvalidParameterException", message) end

local function find(domain) return db:row("SELECT * FROM cognito_domains WHERE domain = ?", domain) end

local function distribution(domain)
  return crypto.hex(crypto.sha256(domain)):sub(1, 14) .. ".cloudfront.net"
end

local function save(pool, input)
  local version = input.ManagedLoginVersion or 1
  db:run("INSERT OR REPLACE INTO cognito_domains (domain, pool, settings) VALUES (?, ?, ?)", input.Domain, pool.id,
    json.encode { CustomDomainConfig = input.CustomDomainConfig, ManagedLoginVersion = version })
  return { CloudFrontDomain = distribution(input.Domain), ManagedLoginVersion = version }
end

-- The pool's domain | nil
function domains.of(pool)
  local row = db:row("SELECT domain FROM cognito_domains WHERE pool = ?", pool.id)
  return row and row.domain
end

function operations.CreateUserPoolDomain(input)
  local pool = pools.get(input.UserPoolId)
  if find(input.Domain) then bad "Domain already associated with another user pool." end
  if domains.of(pool) then bad "User pool already has a domain configured." end
  return save(pool, input)
end

local function check_held(input)
  local row = find(input.Domain)
  if not row or row.pool ~= input.UserPoolId then bad "No such domain or user pool exists." end
end

function operations.UpdateUserPoolDomain(input)
  local pool = pools.get(input.UserPoolId)
  check_held(input)
  return save(pool, input)
end

-- What is not there is described by nothing.
function operations.DescribeUserPoolDomain(input)
  local row = find(input.Domain)
  if not row then return { DomainDescription = {} } end
  local given = json.decode(row.settings)
  return { DomainDescription = { UserPoolId = row.pool, AWSAccountId = settings.account_id, Domain = row.domain,
    CloudFrontDistribution = distribution(row.domain), Status = "ACTIVE", Version = "1",
    CustomDomainConfig = given.CustomDomainConfig or {}, ManagedLoginVersion = given.ManagedLoginVersion } }
end

function operations.DeleteUserPoolDomain(input)
  check_held(input)
  db:run("DELETE FROM cognito_domains WHERE domain = ?", input.Domain)
  return {}
end

return domains
