-- SPDX-License-Identifier: MIT
---@meta testing

---Worlds for specs, under `usher test` and when a set of scripts is proven. Nothing of a world is shared, and nothing
---of it leaves the process: it has the scripts, all services of the sandbox, no sockets, a time that jumps
---instead of passing (clock, task's deadlines, limits), and randomness from a seed. It ends with the next world, or
---with the spec's file.
---@class usher.testing
local testing = {}

---What the randomness of every world comes from; `usher test --seed N` sets it.
---@type integer
testing.seed = 1

---A new world at 2026-01-01T00:00:00Z. Raises for settings that there are not. Does not yield.
---@param settings? table what differs from those of `usher dev`: { signup = { conceal_existing = true } }
---@return usher.testing.World
function testing.world(settings) end

---Ends the world: time is real again. Who runs specs calls it. Does not yield.
function testing.finish() end

---@class usher.testing.Reply
---@field status integer
---@field headers table<string, string> lower-case names
---@field cookies table<string, string> those that the reply sets
---@field set_cookies string[] the same, whole
---@field body string
---@field json? any the body, when it is JSON

---@class usher.testing.Options
---@field json? any the body, as JSON
---@field body? string the body, as it is
---@field headers? table<string, string>
---@field cookies? table<string, string>
---@field remote? string the client's address; 192.0.2.1
---@field listener? "public"|"admin" public
---@field id? string the request's id

---@class usher.testing.Browser keeps its cookies
---@field get fun(self, target: string, options?: usher.testing.Options): usher.testing.Reply
---@field post fun(self, target: string, body?: any, options?: usher.testing.Options): usher.testing.Reply

---@class usher.testing.Fault
---@field service "cognito"|"dynamodb"|"stripe"|"cloudwatch"|"slack"|"sts"|"metadata"
---@field operation? string "SignUp", "create_customer", "POST /v1/customers", or "*"
---@field kind "refuse"|"reset_before"|"hang_before"|"error_after"|"lost_answer"|"hang"
---@field nth? integer the first call that it breaks (1)
---@field count? integer how many from there (1)
---@field match? string|string[] texts of which one must be in the request's body
---@field error? { code?: string, status?: integer, message?: string } instead of the vendor's 500

---@class usher.testing.Clock
---@field now fun(): number seconds since 1970
---@field advance fun(seconds: number) lets the time pass, and what waits for it happen; yields

---@class usher.testing.World
---@field config usher.config its settings
---@field clock usher.testing.Clock
---@field logs { level: string, event: string, fields: table }[] what was logged, oldest first
local world = {}

---A module of this world: what scripts may have, or of the sandbox. What a spec requires by itself is of no world.
---Does not yield.
---@param name string
---@return any
function world:require(name) end

---One request through the routes. Yields.
---@param method string
---@param target string path and query
---@param options? usher.testing.Options
---@return usher.testing.Reply
function world:request(method, target, options) end

---Yields.
---@param target string
---@param options? usher.testing.Options
---@return usher.testing.Reply
function world:get(target, options) end

---Yields.
---@param target string
---@param body? any as JSON
---@param options? usher.testing.Options
---@return usher.testing.Reply
function world:post(target, body, options) end

---A flow without its route: world:call("flows.signup", { json = form }). Yields.
---@param module string
---@param options? usher.testing.Options also method (POST) and target
---@return usher.testing.Reply
function world:call(module, options) end

---Does not yield.
---@return usher.testing.Browser
function world:browser() end

---Does not yield.
---@param to? string an address; everybody's without it
---@return { to: string, from: string, subject: string, text: string, code?: string, date: string }[] newest first
function world:mails(to) end

---The code of the newest mail to an address. Does not yield.
---@param to string
---@return string?
function world:code(to) end

---What Slack was told, oldest first. Does not yield.
---@return { text: string, payload: table, sent_at: number }[]
function world:slack() end

---The people of the user pool. Yields.
---@return usher.cognito.User[]
function world:users() end

---All items of the table, in order of pk and sk. Yields.
---@return table<string, any>[]
function world:items() end

---Yields.
---@param pk string
---@param sk string
---@return table<string, any>?
function world:item(pk, sk) end

---Stripe's customers, oldest first. Yields.
---@return table[]
function world:customers() end

---The calls that the services had, oldest first. Does not yield.
---@param service? string "cognito", "dynamodb", "stripe", "slack"; all without it
---@return { number: integer, service: string, operation: string, at: number, fault?: integer }[]
function world:calls(service) end

---How much was counted, or the last value of a gauge. Does not yield.
---@param name string
---@param labels? table<string, any> those that must fit
---@return number
function world:metric(name, labels) end

---Breaks calls, as POST /faults of `usher dev` does. Raises when it is no fault. Does not yield.
---@param fields usher.testing.Fault
---@return { id: integer, matched: integer, fired: integer, hanging: integer } fault it counts on
function world:fault(fields) end

---No call is broken any more. Does not yield.
function world:mend() end

---Runs fn with no fault in its way, and leaves no trace in calls. Yields where fn does.
---@param fn function
---@return any
function world:unbroken(fn) end

---Turns a fact that varies between reports of the real services (sandbox/settings.lua). Does not yield.
---@param name string
---@param value any
function world:switch(name, value) end

---Whatever is fetched below this URL is answered by the handler. Does not yield.
---@param url string
---@param handler usher.Flow
function world:serve(url, handler) end

return testing
