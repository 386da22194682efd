-- SPDX-License-Identifier: MIT
-- Sandbox, SES v2: SendEmail puts the mail into the mailbox; GetAccount. REST-JSON: signed, errors with their code in a
-- header. Every sender counts as verified, but for the domains below, which show the service's refusals.
-- Called by the sandbox's door with a request of listener "ses".
local crypto, json, log = require "crypto", require "json", require "log"
local aws_json, faults = require "sandbox.aws_json", require "sandbox.faults"
local failure, mailbox = require "sandbox.failure", require "sandbox.mailbox"
local settings, signature = require "sandbox.settings", require "sandbox.aws_signature"
local typed = require "sandbox.typed"

local SERVICE = { name = "ses", signing_name = "ses", missing_token = "Missing Authentication Token",
  internal = { "InternalFailure" } }
local MOST_RECIPIENTS, MOST_HEADERS <const> = 50, 15

-- SendEmail's input, as typed.lua reads it: the service's model.
local TEXTS, PART, PAIRS = { list = "string" }, { Data = "string" }, { list = { Name = "string", Value = "string" } }
local SHAPE = {
  FromEmailAddress = "string", ConfigurationSetName = "string", ReplyToAddresses = TEXTS, EmailTags = PAIRS,
  Destination = { ToAddresses = TEXTS, CcAddresses = TEXTS, BccAddresses = TEXTS },
  Content = {
    Simple = { Subject = PART, Body = { Text = PART, Html = PART }, Headers = PAIRS }, Raw = PART,
    Template = { TemplateName = "string", TemplateData = "string",
      TemplateContent = { Subject = "string", Text = "string", Html = "string" } },
  },
}

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
  local address = text and (text:match("<([^<>]*)>%s*$") or text:match("^%s*(.-)%s*$"))
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

-- 'a@b.co, "Jane, of C" <jane@b.co>' -> its addresses; what is quoted, or in angles, may have commas
local function addresses_in(header)
  local list, at, quoted = {}, 1, false
  for i = 1, #header + 1 do
    local char = header:sub(i, i)
    if char == '"' then quoted = not quoted end
    if char == "" or char == "," and not quoted then
      list[#list + 1], at = header:sub(at, i - 1):match "^%s*(.-)%s*$", i + 1
    end
  end
  return list
end

local function data(part, name)
  if not (part and part.Data) then
    bad_request(("1 validation error detected: Value at '%s.data' failed to satisfy constraint: "
      .. "Member must not be null"):format(name))
  end
  return part.Data
end

local function simple(content)
  local body = content.Body or {}
  local part = body.Text or body.Html
  if #(content.Headers or {}) > MOST_HEADERS then bad_request("Header count exceeds " .. MOST_HEADERS .. ".") end
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
  return { subject = fields.subject or "", text = body or "", from = fields.from, destination = {
    ToAddresses = fields.to and addresses_in(fields.to), CcAddresses = fields.cc and addresses_in(fields.cc),
    BccAddresses = fields.bcc and addresses_in(fields.bcc) } }
end

-- "Hello {{name}}" with {"name": …}
local function fill(text, values)
  return (text:gsub("{{%s*([%w_]+)%s*}}", function(name)
    if values[name] == nil then bad_request(("Attribute '%s' is not present in the rendering data."):format(name)) end
    return tostring(values[name])
  end))
end

-- A template that came with the message; none is kept here.
local function template(content)
  local inside = content.TemplateContent
  if not inside then
    failure("NotFoundException", ("Template %s does not exist"):format(content.TemplateName), nil, 404)
  end
  local values = json.decode(content.TemplateData or "{}")
  if type(values) ~= "table" then bad_request "TemplateData is no JSON object." end
  return { subject = fill(inside.Subject or "", values), text = fill(inside.Text or inside.Html or "", values) }
end

local function message(content)
  local first
  for _, kind in ipairs { "Simple", "Raw", "Template" } do
    if first and content[kind] ~= nil then bad_request "Content: only one of Simple, Raw and Template may be given." end
    first = first or content[kind]
  end
  if content.Simple then return simple(content.Simple) end
  if content.Raw then return raw(content.Raw) end
  if content.Template then return template(content.Template) end
  bad_request("Content: one of Simple, Raw and Template is required.")
end

local function check_sender(from)
  local address = address_of(from, "FromEmailAddress")
  local refused = REFUSED[address:match("@(.*)$"):lower()]
  if refused then failure(refused[1], refused[2]:format(address), nil, refused[3]) end
end

local function check_tags(tags)
  for _, tag in ipairs(tags or {}) do
    for _, name in ipairs { "Name", "Value" } do
      local text = tag[name]
      if not text or text == "" or #text > 256 or text:find "[^%w_.@-]" then
        bad_request(("Invalid tag %s <%s>: only ASCII letters, digits, '_', '-', '.' and '@' are allowed.")
          :format(name:lower(), tostring(text)))
      end
    end
  end
end

local operations = {}
SERVICE.operations = operations

function operations.SendEmail(input)
  typed(input, SHAPE)
  local mail = message(input.Content or {})
  local from = input.FromEmailAddress or mail.from
  check_sender(from)
  if input.ConfigurationSetName then
    failure("NotFoundException", ("Configuration set <%s> does not exist."):format(input.ConfigurationSetName), nil,
      404)
  end
  check_tags(input.EmailTags)
  for _, text in ipairs(input.ReplyToAddresses or {}) do address_of(text, "ReplyToAddresses") end
  local list = recipients(input.Destination or mail.destination or {})
  if #list == 0 then bad_request("Destination: at least one recipient is required.") end
  if #list > MOST_RECIPIENTS then bad_request("Recipient count exceeds " .. MOST_RECIPIENTS .. ".") end
  for _, to in ipairs(list) do mailbox.deliver { to = to, from = from, subject = mail.subject, text = mail.text } end
  return { MessageId = "010001" .. crypto.hex(crypto.random(5)) .. "-" .. crypto.uuid() .. "-000000" }
end

-- What a new account hears when it has left SES's own sandbox.
function operations.GetAccount()
  return {
    DedicatedIpAutoWarmupEnabled = false, EnforcementStatus = "HEALTHY", ProductionAccessEnabled = true,
    SendingEnabled = true, SendQuota = { Max24HourSend = 50000, MaxSendRate = 14, SentLast24Hours = 0 },
    SuppressionAttributes = { SuppressedReasons = json.array { "BOUNCE", "COMPLAINT" } },
  }
end

local ROUTES = { ["POST /v2/email/outbound-emails"] = "SendEmail", ["GET /v2/email/account"] = "GetAccount" }

local function perform(req)
  local name = ROUTES[req.method .. " " .. req.path]
  if not name then failure("UnknownOperationException", nil, nil, 404) end
  signature.check_rest(req, SERVICE)
  local input = req.body == "" and {} or json.decode(req.body)
  if type(input) ~= "table" or json.is_array(input) then failure("SerializationException") end
  return aws_json.call(SERVICE, name, input, { req = req })
end

local function handler(req)
  local headers = { ["x-amzn-RequestId"] = crypto.uuid(), ["Content-Type"] = "application/json" }
  local ok, result = xpcall(perform, failure.trace, req)
  if ok then return { status = 200, headers = headers, body = json.encode(result) } end
  if result.code == faults.NO_ANSWER then return { abort = true } end
  if result.unexpected then
    log.error("sandbox.broken_operation", { service = "ses", traceback = result.text })
    result = aws_json.internal(SERVICE)
  end
  headers["x-amzn-ErrorType"] = result.code
  return { status = result.status, headers = headers, body = json.encode { message = result.message } }
end

return { handler = handler }
