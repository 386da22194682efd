-- SPDX-License-Identifier: MIT
---@meta _

---What scripts give to usher: flows, routes, jobs, commands, hooks, functions. No module has this name.

---A flow's answer. json wins over body; status is 200 without one.
---@class usher.Reply
---@field status? integer 200 to 599
---@field headers? table<string, string|number|string[]> a list is the same header more than once
---@field json? any encoded with keys in order; Content-Type is application/json
---@field body? string with a Content-Type of yours in headers
---@field abort? boolean no answer: the connection is reset

---What flows/NAME.lua returns. Raises usher.fail for the visitor's fault; any other error is a 500.
---@alias usher.Flow fun(request: usher.Request): usher.Reply

---An entry of routes.lua: { method, path, module }. The path is compared exactly, or ends with /*, for all below
---it. GET answers HEAD too; OPTIONS and 405 are made by usher.
---@class usher.Route
---@field [1] "GET"|"POST"|"PUT"|"PATCH"|"DELETE"
---@field [2] string like "/api/account/signup"
---@field [3] string like "flows.signup"

---What commands/NAME.lua returns: `usher NAME WORDS`. A raised text is exit code 1 with a traceback.
---@class usher.Command
---@field summary string one line, for `usher --help`
---@field help string for `usher NAME --help`
---@field wanted? usher.arguments.Wanted its words, read before anything else
---@field run fun(args: string[]|table): integer? exit code; 0. What was found of `wanted`, or the words as they are
---@field secrets? false it runs without the secrets of the settings, too

---The form of a sign-up, as hooks/admission.lua gets it: no password, no card.
---@class usher.SignupForm
---@field email string
---@field name string
---@field country string ISO 3166-1 alpha-2
---@field organization string
---@field utm? table<string, string>

---What hooks/admission.lua returns: returns to let a sign-up pass, raises usher.fail to refuse it.
---@alias usher.AdmissionHook fun(request: usher.Request, form: usher.SignupForm)

---What a module for `usher lambda MODULE` returns; triggers/*.lua are such. Raising { message =, type = } is told to
---the caller; a text is an accident, told with its place.
---@alias usher.LambdaFunction fun(event: table, context: usher.LambdaContext): any

---@class usher.LambdaContext
---@field request_id string
---@field deadline number seconds since 1970
---@field function_arn? string
---@field client_context? string
---@field identity? string

---An entry of lib/outbox_kinds.lua: tells somebody something, later and perhaps more than once. false or nil comes
---again; err.final says that repeating is of no use.
---@alias usher.OutboxKind fun(about: table): true?, table?
