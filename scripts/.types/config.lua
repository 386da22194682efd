-- SPDX-License-Identifier: MIT
---@meta config

---The settings, read only: config/usher.lua, what the operator's file changes, and the command line. Made of
---config/usher.lua by tests/types/config_types.lua. Durations are in seconds, sizes in bytes.
---@class usher.config
---@field env string names this deployment in metrics, Stripe idempotency keys and API keys
---@field workers integer 0 to 256; threads that serve; 0 means one for each CPU that the cgroup grants
---@field listen usher.config.listen
---@field admin usher.config.admin
---@field limits usher.config.limits
---@field reload usher.config.reload of scripts and settings, while it serves
---@field scripts usher.config.scripts what scripts may take; commands, exec and test are free
---@field proxy usher.config.proxy
---@field cors usher.config.cors
---@field show_tracebacks boolean in the answer to a request that failed; `usher dev` turns it on
---@field log usher.config.log
---@field http usher.config.http
---@field aws usher.config.aws
---@field cognito usher.config.cognito
---@field dynamodb usher.config.dynamodb
---@field ses usher.config.ses
---@field stripe usher.config.stripe
---@field account usher.config.account
---@field api_key usher.config.api_key
---@field signup usher.config.signup
---@field confirm usher.config.confirm
---@field resend usher.config.resend
---@field sso usher.config.sso "Sign in with Google", through Cognito's hosted UI
---@field metrics usher.config.metrics
---@field cloudwatch usher.config.cloudwatch
---@field lambda usher.config.lambda for functions that your own scripts invoke
---@field attempts usher.config.attempts beyond these 429, before anything is written; 0 is no limit
---@field outbox usher.config.outbox what could not be told in time is told again in the background
---@field captcha usher.config.captcha asked at sign-up, before anything is written
---@field page usher.config.page
---@field slack usher.config.slack
---@field triggers usher.config.triggers domains are compared exactly, with what is after the last @
---@field password usher.config.password the user pool's policy, mirrored so that all faults show at once
---@field sandbox usher.config.sandbox
local config = {}

---@class usher.config.listen
---@field host string address of the public listener; "0.0.0.0" in a container
---@field port integer 0 to 65535; its port; 0 picks a free one

---@class usher.config.admin
---@field host string address of the admin listener (/metrics, /status); keep it private
---@field port integer 0 to 65535; its port; 0 picks a free one

---@class usher.config.limits
---@field request_line integer 256 to 65536; longer: 414
---@field headers integer 1024 to 262144; all header fields together; longer: 431
---@field header_count integer 10 to 1000; more header fields: 431
---@field body integer 1024 to 16777216; longer: 413, before any script runs
---@field header_timeout number 0.05 to 600; from first byte to end of headers, else 408
---@field body_timeout number 0.05 to 600; from end of headers to end of body, else 408
---@field body_rate integer 0 to 1000000; bytes a second a body must keep up, else 408; 0 is off
---@field keep_alive number 0.05 to 3600; idle connections stay open; longer than the load balancer's 60
---@field requests integer 1 to 1000000000; requests on one connection before it is closed
---@field connections integer 1 to 1000000; open connections of all workers
---@field connections_per_address integer 1 to 1000000; open connections of one address (an IPv6 /64)
---@field request_timeout number 0.05 to 600; without an answer: 504; API Gateway gives up at 29
---@field in_flight integer 1 to 1000000; requests being worked on by one worker; more: 503
---@field grace number 0 to 600; SIGTERM: /readyz says 503 this long before the listener closes
---@field drain number 0 to 600; then requests in flight get this long to finish

---@class usher.config.reload
---@field watch boolean when a file of --scripts or --config changes
---@field prove boolean run the *_spec.lua beside the scripts; a fault refuses
---@field keep integer 1 to 100; good versions that `usher rollback` can go back to
---@field drain number 0.05 to 3600; what requests on the version before get to finish
---@field links boolean links in --scripts may lead out of it, unwatched
---@field header boolean answers tell their version: X-Usher-Generation

---@class usher.config.scripts
---@field slice number 0.01 to 60; CPU time between two waits; more: the request is stopped, 500
---@field cpu number 0.01 to 600; CPU time of one request with all its tasks, or of one run of a job
---@field wall_time number 0.05 to 3600; from a request's begin to the end of all its tasks and calls
---@field held number 0.01 to 60; CPU time after which a slice is logged, with file and line
---@field load number 0.1 to 600; CPU time of loading all scripts and proving them
---@field memory integer 8388608 to 68719476736; of one version of the scripts on one worker
---@field request_memory integer 1048576 to 68719476736; of one request, as far as that can be told apart
---@field string_size integer 65536 to 1073741824; of what string.rep, gsub, table.concat and the like make
---of one find, match, gmatch or gsub; and 32 for each byte
---@field pattern_steps integer 1000 to 1000000000000;
---@field tasks integer 1 to 100000; of one request at once
---@field coroutine_depth integer 1 to 100; coroutines that have resumed each other

---@class usher.config.proxy
---@field trusted_hops integer 0 to 16; proxies in front whose word about the client's address counts
---@field header "x-forwarded-for"|"forwarded" where they say it: ALB and REST API, or HTTP API
---@field hsts integer 0 to 63072000; Strict-Transport-Security where they say https; 0 is none
---@field strip_prefix string a stage prefix to take off paths, like "/prod"

---@class usher.config.cors
---@field origins string[] exact origins of the console, like "https://console.example.com"

---@class usher.config.log
---@field level "info"|"debug"|"warn"|"error"|"off" the least that is written to standard error

---@class usher.config.http
---@field connect_timeout number 0.05 to 60; to reach an upstream
---@field connections integer 1 to 65536; kept-alive connections of one worker, all upstreams
---@field connections_per_host integer 1 to 65536; and to one upstream
---@field ca_file string trusted certificates; "" is the system's store

---@class usher.config.aws
---@field region string "" looks into the AWS profile
---@field endpoint_url string base URL of all AWS services; "" is AWS itself
---@field credentials_wait number 0 to 300; `usher serve` waits so long for the first credentials, then starts

---@class usher.config.cognito
---@field url string base URL of Cognito; "" follows aws.endpoint_url
---@field user_pool_id string like us-east-1_Ab12Cd34
---@field client_id string the app client that signs people up
---@field client_secret usher.Secret its secret
---@field timeout number 0.05 to 60; for one call, its retries included

---@class usher.config.dynamodb
---@field url string base URL of DynamoDB; "" follows aws.endpoint_url
---@field table string the one table, exactly as it is named in AWS
---@field timeout number 0.05 to 60; for one call, its retries included

---@class usher.config.ses
---@field url string base URL of SES; "" follows aws.endpoint_url
---@field from string the verified sender of usher's own mail, like "a@example.com"
---@field timeout number 0.05 to 60; for one mail, its retries included

---@class usher.config.stripe
---@field url string base URL of Stripe
---@field key usher.Secret sk_live_… or a restricted key for customers and payment methods
---@field publishable_key string pk_live_…: the sign-up page reads cards with it, in the browser
---@field version string the API version every call pins
---@field timeout number 0.05 to 80; for one call, its retries included
---@field attach "at_signup"|"at_confirm" when the card is attached
---@field pause number 0.05 to 3600; a key that Stripe does not take is looked at again after this

---@class usher.config.account
---@field cell_id string the cell that new accounts live in
---@field cloud_provider string written on each membership
---@field limits table<string, any> written on each account

---@class usher.config.api_key
---@field prefix string the first part of each API key

---@class usher.config.signup
---@field key usher.Secret at least 32 random bytes; keys the hashes of e-mails and requests
---a sign-up being worked on is left alone this long; more than any one call may take, or two work on it at
---once
---@field lease number 1 to 600;
---@field ttl integer 3600 to 31536000; an unfinished intent is forgotten after this
---@field max_cards integer 1 to 10; tokens one sign-up may try
---an address that has an account is answered like a new one, and its owner is told by mail; needs ses.from;
---cards are attached at the confirmation then
---@field conceal_existing boolean

---@class usher.config.confirm
---@field require_proof "always"|"when_superseded" when confirming needs the browser that signed up

---@class usher.config.resend
---@field interval integer 0 to 3600; between two mails of one sign-up
---@field per_hour integer 1 to 100; mails of one sign-up in an hour

---@class usher.config.sso
---@field domain_url string the user pool's domain, like https://login.example.com; "" is off
---@field provider string the pool's name of the identity provider
---@field client_id string the app client with the code grant; "" is cognito.client_id
---@field client_secret usher.Secret? its secret; without one, cognito.client_secret
---@field scopes string[] what the tokens are for
---@field audience string[] more app clients whose tokens may ask for the API key
---@field issuer string "" is the pool's: https://cognito-idp.REGION.amazonaws.com/POOL
---@field jwks_url string where the keys are; "" is ISSUER/.well-known/jwks.json
---https://HOST/api/account/sso/callback, as registered; the first is used unless the start asks for another
---one of these
---@field callback_urls string[]
---@field console_url string where people go afterwards, like https://console.example.com
---@field card "none"|"required" required: a new account needs stripe_token in the start
---@field state_ttl integer 30 to 3600; the time a person has at Google
---@field clock_skew integer 0 to 300; between our clock and the issuer's
---@field jwks_max_age integer 60 to 86400; keys are asked for again after this
---@field jwks_cool_down integer 1 to 3600; an unknown key makes us ask no more often than this
---@field jwks_stale integer 0 to 604800; old keys are good this long while new ones cannot be had
---@field timeout number 0.05 to 25; for one call to the hosted UI

---@class usher.config.metrics
---@field prometheus boolean GET /metrics on the admin listener
---@field emf "off"|"on" embedded metric format: JSON lines on standard output
---@field cloudwatch "off"|"on" sent to CloudWatch with PutMetricData
---@field namespace string the namespace of both in CloudWatch
---@field interval number 0.05 to 3600; between two tellings of either

---@class usher.config.cloudwatch
---@field url string base URL of CloudWatch; "" follows aws.endpoint_url
---@field timeout number 0.05 to 60; for one call, its retries included

---@class usher.config.lambda
---@field url string base URL of Lambda; "" follows aws.endpoint_url
---@field timeout number 0.05 to 900; for one invocation, its retries included

---@class usher.config.attempts
---@field per_address integer 0 to 1000000; sign-ups a minute of one address or IPv6 /64; confirmations alike
---@field per_email integer 0 to 1000000; the same for one e-mail address, an hour
---@field overall integer 0 to 1000000; the same for everybody together, a second and process
---different cards of one address, an hour: against card testing
---@field cards_per_address integer 0 to 1000000;

---@class usher.config.outbox
---@field interval number 0.05 to 3600; between two looks at it
---@field first_delay number 0.05 to 3600; before the first repetition; each pause is twice the last
---@field max_delay integer 1 to 86400; the longest pause
---@field attempts integer 1 to 1000; then it is put aside, for `usher inspect` and `usher repair`
---@field lease integer 10 to 3600; one process at a time works on it, and renews this
---@field shards integer 1 to 64; partitions of the table that share the load; never fewer later

---@class usher.config.captcha
---@field provider "off"|"turnstile"|"hcaptcha"|"recaptcha" whose token the form's captcha_token is
---@field secret usher.Secret? the provider's secret key of this site
---@field site_key string its public half, for the sign-up page (recaptcha: of version 2)
---@field url string its verification address; "" is the provider's own
---@field min_score number 0.0 to 1.0; recaptcha v3: a lower score is refused
---@field timeout number 0.05 to 30; for its answer
---@field when_down "refuse"|"allow" without an answer: 503, or let the sign-up pass

---@class usher.config.page
---GET /signup, for who has no console of their own yet; it also needs stripe.publishable_key, and
---captcha.site_key if one asks
---@field enabled boolean
---an app client without a secret, with the code grant and this page as its callback: shows the API key after
---Google
---@field client_id string

---@class usher.config.slack
---@field webhook usher.Secret? an incoming webhook, told of new customers; may be absent
---@field timeout number 0.05 to 10; for one message, its retries included

---@class usher.config.triggers
---@field internal_domains string[] Slack is not told of these
---@field deny string[] domains or whole addresses that cannot sign up
---@field allow string[] when not empty, only these domains or addresses can
---@field disposable string[] refused, unless allowed above
---@field provider string the pool's identity provider; "" is sso.provider
---@field call_timeout number 0.05 to 4; for one call of a trigger
---@field timeout number 0.1 to 30; for all of a trigger; Cognito gives up after 5

---@class usher.config.password
---@field min_length integer 6 to 99;
---@field require_lowercase boolean
---@field require_uppercase boolean
---@field require_numbers boolean
---@field require_symbols boolean

---@class usher.config.sandbox
---@field data string `usher dev`: the folder to keep everything in; "" is memory
---@field urls table<string, any> set by `usher dev`: the base URLs of its parts

return config
