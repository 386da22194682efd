-- SPDX-License-Identifier: MIT
-- What to do when something goes wrong in a step: say it in the log and the metrics, and either go on or
-- stop. A vendor's own words go nowhere: they may name people. Its code, status and request id tell
-- operations enough.
local fail, log, metrics = require "fail", require "log", require "metrics"

local trouble = {}

-- Alarms need a figure before there is trouble.
for stores, step in pairs { USER = "user", ACCOUNT = "account" } do
  metrics.count("INCONSISTENT_" .. stores .. "_STORES", 0, { method = "email", step = step })
end

local RETRY_AFTER <const> = 2 -- seconds until the same request is worth sending again


-- A dependency failed and the flow goes on. stores: "USER" or "ACCOUNT" when two stores now disagree.
function trouble.note(signup, step, err, stores)
  err = type(err) == "table" and err or { code = tostring(err) }
  log.error("step_failed", {
    request_id = signup.request_id, signup_id = signup.intent and signup.intent.signup_id, step = step,
    code = err.code or err.kind or err.type, status = err.status, upstream_request_id = err.request_id,
    stores = stores,
  })
  if stores then
    metrics.count("INCONSISTENT_" .. stores .. "_STORES", 1, { method = signup.method, step = step })
  end
end


-- A dependency failed and the flow cannot go on: what was done is kept, the same request again resumes.
function trouble.stop(signup, step, err, stores)
  trouble.note(signup, step, err, stores)
  signup.blamed = signup.blamed or step
  fail(503, "try_again", nil, { retry_after = RETRY_AFTER })
end


-- The visitor's fault, found in this step.
function trouble.refuse(signup, step, status, code, fields, extra)
  signup.blamed = signup.blamed or step
  fail(status, code, fields, extra)
end


return trouble
