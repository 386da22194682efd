-- SPDX-License-Identifier: MIT
---@meta fail

---One wrong field of a form.
---@class usher.Field
---@field field string its name in the request
---@field code string stable, for programs: README's list
---@field message string for people

---@class usher.fail.Extra
---@field message? string for people; a code that usher does not know is shown with spaces
---@field retry_after? number seconds, rounded up: the header Retry-After
---@field headers? table<string, string|number>

---fail(status, code, fields?, extra?): the visitor's fault. Leaves the flow from any depth, and the answer is
---{"error":{"code","message","request_id","fields"}} with that status (400 to 599). What you hold is let go as by any
---error. Any other error is ours: a 500, with the traceback in the log.
---@class usher.fail
---@overload fun(status: integer, code: string, fields?: usher.Field[], extra?: usher.fail.Extra)
local fail = {}

---Is this caught error one that fail raised? Then it has status, code, message, fields, retry_after and headers.
---Does not yield.
---@param value any
---@return boolean
function fail.is(value) end

return fail
