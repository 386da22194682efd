-- SPDX-License-Identifier: MIT
---@meta log

---One JSON line on standard error for each call, with ts, level, event and the request's id. Members whose names hold
---secrets or personal data (email, name, password, token, …) are shown as "[redacted]" at any depth. No value raises.
---@class usher.log
local log = {}

---Does not yield.
---@param event string what happened, one word with underscores; never a person's data
---@param fields? table
function log.debug(event, fields) end

---Does not yield.
---@param event string
---@param fields? table
function log.info(event, fields) end

---Does not yield.
---@param event string
---@param fields? table
function log.warn(event, fields) end

---Does not yield.
---@param event string
---@param fields? table
function log.error(event, fields) end

return log
