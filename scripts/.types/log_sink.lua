-- SPDX-License-Identifier: MIT
---@meta log_sink

---Of usher's own: where log hands its lines over.
---@class usher.log_sink
local log_sink = {}

---Does not yield.
---@param level "debug"|"info"|"warn"|"error"
---@param event string
---@param object? string JSON, redacted already
function log_sink.write(level, event, object) end

---Does not yield.
---@param level "debug"|"info"|"warn"|"error"
---@return boolean
function log_sink.wants(level) end

---Is the value of a member with this name hidden? Does not yield.
---@param name string
---@return boolean
function log_sink.redacts(name) end

---One line on standard output. Does not yield.
---@param line string
---@return boolean ok false: nobody reads it
function log_sink.out(line) end

return log_sink
