-- SPDX-License-Identifier: MIT
---@meta ses

---Mail through Amazon SES (v2), from config.ses.from.
---Source: Amazon SES API v2 Reference, SendEmail.
---@class usher.ses
local ses = {}

---@class usher.ses.Mail
---@field to string one address
---@field subject string
---@field text string
---@field html? string
---@field from? string config.ses.from
---@field timeout? number seconds for all tries; config.ses.timeout
---@field deadline? number seconds of clock.monotonic; wins over timeout

---Mode throttle: SES has no idempotency key, so that a try without an answer may have been a mail. Yields.
---@param mail usher.ses.Mail
---@return { id: string }? sent
---@return usher.aws.Error? err MessageRejected, …
function ses.send(mail) end

return ses
