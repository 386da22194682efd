-- SPDX-License-Identifier: MIT
-- Is a request signed by somebody we know? Called by the frame (aws_json) for every signed operation. The
-- checks and their words are the binding's (sigv4.verify); which key belongs to whom, and the codes, are
-- here. A signature's age goes by the real clock, also when the sandbox's has been moved.
local sigv4 = require "sigv4"
local failure, keys = require "sandbox.failure", require "sandbox.keys"
local settings = require "sandbox.settings"

local signature = {}

local WINDOW = 300

-- What the service calls each problem; the others are InvalidSignatureException.
local CODES = {
  missing = "MissingAuthenticationTokenException",
  algorithm = "IncompleteSignatureException",
  incomplete = "IncompleteSignatureException",
  credential = "IncompleteSignatureException",
  date = "IncompleteSignatureException",
}

local function refuse(problem, service)
  local message = problem.code == "missing" and service.missing_token or problem.message
  failure(CODES[problem.code] or "InvalidSignatureException", message)
end

-- The key is looked at after date and scope, and before the signature.
local function check_key(key, token)
  if not key or token ~= key.session_token then
    failure("UnrecognizedClientException", "The security token included in the request is invalid.")
  end
  if key.expires and key.expires <= keys.now() then
    failure("ExpiredTokenException", "The security token included in the request is expired")
  end
end

-- Returns the access key id; raises the vendor's refusal.
function signature.check(req, service)
  local request = {
    method = req.method, target = req.target, headers = req:headers(), body = req.body,
    region = settings.region, service = service.signing_name,
    now = math.floor(keys.now()), window = service.window or WINDOW,
  }
  local found, problem = sigv4.verify(request)
  if not found then refuse(problem, service) end
  local key = keys.find(found.access_key_id)
  request.secret_access_key = key and key.secret_access_key or "nobody's"
  local result = sigv4.verify(request)
  if result.ok or result.problem.code == "signature" or result.problem.code == "payload" then
    check_key(key, found.session_token)
  end
  if not result.ok then refuse(result.problem, service) end
  return found.access_key_id
end

-- The Query protocol's names of what is wrong.
local QUERY_CODES = {
  MissingAuthenticationTokenException = "MissingAuthenticationToken",
  IncompleteSignatureException = "IncompleteSignature",
  InvalidSignatureException = "SignatureDoesNotMatch",
  UnrecognizedClientException = "InvalidClientTokenId",
  ExpiredTokenException = "ExpiredToken",
}

local function check_or_change(req, service, change)
  local known, result = pcall(signature.check, req, service)
  if known then return result end
  if failure.is(result) then change(result) end
  error(result, 0)
end

-- The same, as the REST services refuse.
function signature.check_rest(req, service)
  return check_or_change(req, service, function(refusal) refusal.status = 403 end)
end

-- The same, as the services of the Query protocol refuse.
function signature.check_query(req, service)
  return check_or_change(req, service, function(refusal)
    if refusal.code ~= "IncompleteSignatureException" then refusal.status = 403 end
    refusal.code = QUERY_CODES[refusal.code]
  end)
end

return signature
