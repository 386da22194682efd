-- SPDX-License-Identifier: MIT
---@meta task

---Tasks. Each request is one; it waits for I/O and others run meanwhile. No two run at the same moment in one worker.
---@class usher.task
local task = {}

---Runs functions side by side and waits for all of them. Then the first error, if there was one, is raised with its
---traceback. The functions have the deadline and the request id of the caller. Yields.
---@param functions fun():any[] each takes no argument
---@return any[] results the first result of each, in order; nil leaves a hole
function task.all(functions) end

---Runs a function beside the caller, who does not wait for it. What it raises goes to the log as task_failed. The
---request may be answered before it ends; then nothing can be read from the request any more. Does not yield.
---@param fn fun(...)
---@param ... any its arguments
function task.spawn(fn, ...) end

---Runs a function as a task of its own that much later, if these scripts still serve then: a reload forgets it, and so
---does the end of the process. It counts with the request that asked for it: scripts.tasks and scripts.cpu are for
---both. What it raises goes to the log as task_failed. Does not yield.
---@param seconds number 0 or more
---@param fn fun()
function task.after(seconds, fn) end

---When the time of this task is over: the request's deadline, or an earlier one of task.limit. Every call of http, aws
---and stripe ends by then. Does not yield.
---@return number? seconds of clock.monotonic; nil without a deadline
function task.deadline() end

---Ends this task's time in so many seconds, if it does not end before; so for the tasks that it starts from now on.
---What it waits for then fails as timed out. Does not yield.
---@param seconds number 0 or more
function task.limit(seconds) end

---What the log lines of this task, and of those it starts, have as request_id. A request's task has one already.
---Does not yield.
---@param id string 1 to 128 printable ASCII characters, no space, quote or backslash
function task.name(id) end

return task
