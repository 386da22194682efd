-- SPDX-License-Identifier: MIT
-- The specs' side of the sandbox: builds the request a handler would get, signs it where the service
-- wants that, and reads the answer. No sockets; loaded with dofile by the specs of this folder.
local clock = require "clock"
local config = require "config"
local crypto = require "crypto"
local form = require "form"
local json = require "json"
local sigv4 = require "sigv4"

-- Each file has a store of its own, also where many run in one process.
package.loaded.config = setmetatable({ sandbox = { data = ":memory:", urls = {} } }, { __index = config })
local mailbox = require "sandbox.mailbox"
local settings = require "sandbox.settings"
local time = require "sandbox.time"
local handle = require "sandbox.init"

local client = { settings = settings, time = time, handle = handle }

local Request = {}
Request.__index = Request

function Request:header(name)
  for _, header in ipairs(self.list) do
    if header[1]:lower() == name:lower() then return header[2] end
  end
end

-- A client that waits for its answer.
function Request.gone()
  return false
end

Request.half_closed = Request.gone

function Request:headers()
  return self.list
end

-- { listener=, method=, path=, query=, headers = {name = value}, body= } -> what a handler is given
function client.request(fields)
  local list = {}
  for name, value in pairs(fields.headers or {}) do list[#list + 1] = { name, value } end
  local path = fields.path or "/"
  return setmetatable({
    listener = fields.listener, method = fields.method or "POST", path = path, target = fields.target or path,
    query = fields.query or {}, body = fields.body or "", list = list, id = "spec", remote = "127.0.0.1",
  }, Request)
end

function client.send(fields)
  return handle(client.request(fields))
end

local SERVICES = {
  cognito = { target = "AWSCognitoIdentityProviderService.", type = "application/x-amz-json-1.1",
    name = "cognito-idp" },
  dynamodb = { target = "DynamoDB_20120810.", type = "application/x-amz-json-1.0", name = "dynamodb" },
  cloudwatch = { target = "GraniteServiceVersion20100801.", type = "application/x-amz-json-1.0", name = "monitoring" },
  ses = { type = "application/json", name = "ses" },
  lambda = { type = "application/json", name = "lambda" },
  sts = { type = "application/x-www-form-urlencoded", name = "sts" },
}

-- The headers of a signed request. `over` replaces what sigv4.sign takes.
function client.sign(listener, headers, body, over)
  local fields = {
    method = "POST", url = "http://127.0.0.1:4566/", headers = headers, body = body,
    service = SERVICES[listener].name, region = settings.region, time = math.floor(clock.now()),
    credentials = { access_key_id = settings.access_key_id, secret_access_key = settings.secret_access_key },
  }
  for name, value in pairs(over or {}) do fields[name] = value end
  return sigv4.sign(fields)
end

function client.headers(listener, operation)
  local service = SERVICES[listener]
  return { ["content-type"] = service.type, ["x-amz-target"] = service.target .. operation,
    host = "127.0.0.1:4566" }
end

-- A signed request of the REST or Query protocol. fields: {method=, path=, query= as text, headers=, body=}.
function client.rest(listener, fields)
  local headers = { ["content-type"] = SERVICES[listener].type, host = "127.0.0.1:4566" }
  for name, value in pairs(fields.headers or {}) do headers[name] = value end
  local target = fields.path or "/"
  if fields.query then target = target .. "?" .. fields.query end
  headers = client.sign(listener, headers, fields.body or "", { method = fields.method or "POST",
    url = "http://127.0.0.1:4566" .. target })
  return client.send { listener = listener, method = fields.method or "POST", path = fields.path or "/",
    target = target, query = fields.query and form.decode(fields.query) or {}, headers = headers, body = fields.body }
end

-- One operation of Cognito, as an SDK would call it: signed when it needs to be.
function client.call(operation, input)
  local service = require "sandbox.cognito.init".service
  local body = type(input) == "string" and input or json.encode(input)
  local headers = client.headers("cognito", operation)
  if not service.unsigned[operation] then headers = client.sign("cognito", headers, body) end
  local reply = client.send { listener = "cognito", headers = headers, body = body }
  return reply, (reply.body or "") ~= "" and json.decode(reply.body) or nil
end

-- The output of a call that must succeed.
function client.ok(operation, input)
  local reply, output = client.call(operation, input)
  if reply.status ~= 200 then error(("%s: %d %s"):format(operation, reply.status, reply.body), 2) end
  return output
end

-- "Code: message" of a call that must be refused.
function client.refused(operation, input)
  local reply, output = client.call(operation, input)
  if reply.status == 200 then error(operation .. " was not refused", 2) end
  return ("%s: %s"):format(output.__type, output.message), reply, output
end

function client.secret_hash(name, of)
  of = of or settings
  return crypto.base64(crypto.hmac_sha256(of.client_secret, name .. of.client_id))
end

local serial = 0
function client.address()
  serial = serial + 1
  return ("jane%d@example.com"):format(serial)
end

client.password = "Correct-horse-7"

-- The input that every unsigned operation of the default client shares.
function client.named(name, more)
  local input = { ClientId = settings.client_id, SecretHash = client.secret_hash(name), Username = name }
  for key, value in pairs(more or {}) do input[key] = value end
  return input
end

function client.admin(name, more)
  local input = { UserPoolId = settings.user_pool_id, Username = name }
  for key, value in pairs(more or {}) do input[key] = value end
  return input
end

function client.code(email)
  return mailbox.list(email)[1].code
end

-- A code that is certainly not the one that was sent.
function client.wrong_code(email)
  return client.code(email) == "000000" and "111111" or "000000"
end

-- Signs somebody up in the default pool; returns the address and the output.
function client.sign_up(email, attributes)
  email = email or client.address()
  local output = client.ok("SignUp", client.named(email,
    { Password = client.password, UserAttributes = attributes }))
  return email, output
end

function client.confirmed()
  local email, output = client.sign_up()
  client.ok("ConfirmSignUp", client.named(email, { ConfirmationCode = client.code(email) }))
  return email, output.UserSub
end

function client.credentials(name, password)
  return { AuthFlow = "USER_PASSWORD_AUTH", ClientId = settings.client_id, AuthParameters =
    { USERNAME = name, PASSWORD = password or client.password, SECRET_HASH = client.secret_hash(name) } }
end

function client.sign_in(name, password)
  return client.ok("InitiateAuth", client.credentials(name, password)).AuthenticationResult
end

-- A user's attributes by name.
function client.attributes(name, pool_id)
  local values = {}
  local user = client.ok("AdminGetUser", { UserPoolId = pool_id or settings.user_pool_id, Username = name })
  for _, entry in ipairs(user.UserAttributes) do values[entry.Name] = entry.Value end
  return values, user
end

-- A pool with one client of its own; returns what `named` and friends need.
function client.pool(pool_input, client_input)
  pool_input.PoolName = pool_input.PoolName or "spec"
  local pool = client.ok("CreateUserPool", pool_input).UserPool
  client_input = client_input or {}
  client_input.UserPoolId, client_input.ClientName = pool.Id, "spec"
  client_input.ExplicitAuthFlows = client_input.ExplicitAuthFlows or json.array { "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH" }
  local app = client.ok("CreateUserPoolClient", client_input).UserPoolClient
  return { id = pool.Id, client_id = app.ClientId, client_secret = app.ClientSecret }
end

return client
