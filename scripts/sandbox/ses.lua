-- SPDX-License-Identifier: MIT
-- Sandbox, SES v2: SendEmail puts the mail into the mailbox. REST-JSON: signed, errors with their code in a
-- header. Every sender counts as verified, but for the domains below, which show the service's refusals.
-- Called by the sandbox's door with a request of listener "ses".
local crypto, json, log = require "crypto", require "json", require "log"
local failure, mailbox = require "sandbox.failure", require "sandbox.mailbox"
local settings, signature = require "sandbox.settings", require "sandbox.aws_signature"

local SERVICE = { name = "ses", signing_name = "ses", missing_token = "Missing Authentication Token" }
local PATH = "/v2/email/outbound-emails"
local MOST_RECIPIENTS = 50

-- A sender's domain -> how SES refuses it: code, message, status.
local REFUSED = {
  ["unverified.example"] = { "MessageRejected", "Email address is not verified. The following identities failed "
    .. "the check in region " .. settings.region:upper() .. ": %s" },
  ["mail-from.example"] = { "MailFromDomainNotVerifiedException", "The MAIL FROM domain is not verified." },
  ["suspended.example"] = { "AccountSuspendedException", "Sending suspended for this account." },
  ["paused.example"] = { "SendingPausedException", "Email sending is disabled." },
  ["limited.example"] = { "LimitExceededException", "There are too many instances of this resource." },
  ["throttled.example"] = { "TooManyRequestsException", "Maximum sending rate exceeded.", 429 },
}

local function bad_request(message)
  failure("BadRequestException", message)
end

-- "Jane <jane@example.com>" -> jane@example.com
local function address_of(text, name)
  local address = type(text) == "string" and (text:match("<([^<>]*)>%s*$") or text:match("^%s*(.-)%s*$"))
  if not address or not address:find("^[^%s@]+@[^%s@]+%.[^%s@]+$") then
    bad_request(("%s: Missing final '@domain'"):format(name))
  end
  return address
end

local function recipients(destination)
  local list = {}
  for _, kind in ipairs { "ToAddresses", "CcAddresses", "BccAddresses" } do
    for _, text in ipairs(destination[kind] or {}) do list[#list + 1] = address_of(text, kind) end
  end
  return list
end

local function data(part, name)
  if type(part) ~= "table" or type(part.Data) ~= "string" then
    bad_request(("1 validation error detected: Value at '%s.data' failed to satisfy constraint: "
      .. "Member must not be null"):format(name))
  end
  return part.Data
end

local function simple(content)
  local body = type(content.Body) == "table" and content.Body or {}
  local part = body.Text or body.Html
  return { subject = data(content.Subject, "content.simple.subject"), text = data(part, "content.simple.body") }
end

-- A whole RFC 5322 message: what people would see of it, and who it is to where no Destination says so.
local function raw(content)
  local bytes = crypto.unbase64(data(content, "content.raw"))
  if not bytes then bad_request("The raw message is not Base64.") end
  local text = bytes:gsub("\r\n", "\n")
  local head, body = text:match("^(.-)\n\n(.*)$")
  head = "\n" .. (head or text):gsub("\n[ \t]+", " ")
  local fields = {}
  for name, value in head:gmatch("\n([%w-]+):[ \t]*([^\n]*)") do fields[name:lower()] = value end
  return { subject = fields.subject or "", text = body or "", from = fields.from, to = fields.to }
end

local function message(content)
  if type(content) ~= "table" then content = {} end
  if type(content.Simple) == "table" then return simple(content.Simple) end
  if type(content.Raw) == "table" then return raw(content.Raw) end
  if type(content.Template) == "table" then
    failure("NotFoundException", ("Template %s does not exist"):format(content.Template.TemplateName), nil, 404)
  end
  bad_request("Content: one of Simple, Raw and Template is required.")
end

local function check_sender(from)
  local address = address_of(from, "FromEmailAddress")
  local refused = REFUSED[address:match("@(.*)$"):lower()]
  if refused then failure(refused[1], refused[2]:format(address), nil, refused[3]) end
end

local operations = {}

function operations.SendEmail(input)
  local mail = message(input.Content)
  local from = input.FromEmailAddress or mail.from
  check_sender(from)
  local list = recipients(type(input.Destination) == "table" and input.Destination or { ToAddresses = { mail.to } })
  if #list == 0 then bad_request("Destination: at least one recipient is required.") end
  if #list > MOST_RECIPIENTS then bad_request("Recipient count exceeds " .. MOST_RECIPIENTS .. ".") end
  for _, to in ipairs(list) do mailbox.deliver { to = to, from = from, subject = mail.subject, text = mail.text } end
  return { MessageId = "010001" .. crypto.hex(crypto.random(5)) .. "-" .. crypto.uuid() .. "-000000" }
end

local function perform(req)
  if req.path ~= PATH or req.method ~= "POST" then
    failure("UnknownOperationException", nil, nil, 404)
  end
  signature.check_rest(req, SERVICE)
  local input = json.decode(req.body)
  if type(input) ~= "table" or json.is_array(input) then failure("SerializationException") end
  return operations.SendEmail(input)
end

local function handler(req)
  local headers = { ["x-amzn-RequestId"] = crypto.uuid(), ["Content-Type"] = "application/json" }
  local ok, result = xpcall(perform, failure.trace, req)
  if ok then return { status = 200, headers = headers, body = json.encode(result) } end
  if result.unexpected then
    log.error("sandbox.broken_operation", { service = "ses", traceback = result.text })
    result = { code = "InternalFailure", status = 500 }
  end
  headers["x-amzn-ErrorType"] = result.code
  return { status = result.status, headers = headers, body = json.encode { message = result.message } }
end

return { handler = handler }
