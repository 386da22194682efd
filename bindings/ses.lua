-- SPDX-License-Identifier: MIT
-- bindings: mail by Amazon SES (v2). Scripts call send; aws.lua signs, carries and repeats. The sender is
-- config.ses.from. Yields. Addresses and texts are never logged.
local aws, config = require "aws", require "config"
local json = require "json"

local ses = {}


local function text(data)
  return { Data = data, Charset = "UTF-8" }
end


-- {to= one address, subject=, text=, html=, from=, timeout= or deadline=} -> {id= of the message} | nil, err as
-- aws.call's (MessageRejected: the sender is not verified, or no mail goes there). Mode throttle: SES has no
-- idempotency key, so that a try without an answer may have been a mail.
function ses.send(mail)
  assert(type(mail.to) == "string" and mail.to ~= "", "ses.send: to is a string")
  local output, err = aws.call {
    service = "email", operation = "SendEmail", path = "/v2/email/outbound-emails",
    timeout = mail.timeout, deadline = mail.deadline,
    input = {
      FromEmailAddress = mail.from or config.ses.from,
      Destination = { ToAddresses = json.array { mail.to } },
      Content = { Simple = {
        Subject = text(mail.subject),
        Body = { Text = text(mail.text), Html = mail.html and text(mail.html) or nil },
      } },
    },
  }
  if not output then return nil, err end
  return { id = output.MessageId }
end


return ses
