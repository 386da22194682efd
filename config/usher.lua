-- SPDX-License-Identifier: MIT
-- Every setting of usher, with its default. Write your own file with only what differs, and start with
-- `usher serve --config FILE`. Durations are in seconds, sizes in bytes, unless a comment says otherwise.
return {
  env = "production",               -- names this deployment in metrics, Stripe idempotency keys and API keys
  workers = between(0, 0, 256),     -- threads that serve; 0 means one for each CPU that the cgroup grants

  listen = {
    host = "127.0.0.1",             -- address of the public listener; "0.0.0.0" in a container
    port = between(8080, 0, 65535), -- its port; 0 picks a free one
  },
  admin = {
    host = "127.0.0.1",             -- address of the admin listener (/metrics, /status); keep it private
    port = between(8081, 0, 65535), -- its port; 0 picks a free one
  },

  limits = {
    request_line = between(8192, 256, 65536),      -- longer: 414
    headers = between(16384, 1024, 262144),        -- all header fields together; longer: 431
    header_count = between(100, 10, 1000),         -- more header fields: 431
    body = between(65536, 1024, 16777216),         -- longer: 413, before any script runs
    header_timeout = between(10.0, 0.05, 600),     -- from first byte to end of headers, else 408
    body_timeout = between(20.0, 0.05, 600),       -- from end of headers to end of body, else 408
    body_rate = between(500, 0, 1000000),          -- bytes a second a body must keep up, else 408; 0 is off
    keep_alive = between(75.0, 0.05, 3600),        -- idle connections stay open; longer than the load balancer's 60
    requests = between(10000, 1, 1000000000),      -- requests on one connection before it is closed
    connections = between(10000, 1, 1000000),      -- open connections of all workers
    connections_per_address = between(256, 1, 1000000), -- open connections of one address (an IPv6 /64)
    request_timeout = between(25.0, 0.05, 600),    -- without an answer: 504; API Gateway gives up at 29
    in_flight = between(1024, 1, 1000000),         -- requests being worked on by one worker; more: 503
    grace = between(5.0, 0, 600),                  -- SIGTERM: /readyz says 503 this long before the listener closes
    drain = between(20.0, 0, 600),                 -- then requests in flight get this long to finish
  },
  reload = {                                       -- of scripts and settings, while it serves
    watch = true,                                  -- when a file of --scripts or --config changes
    prove = true,                                  -- run the *_spec.lua beside the scripts; a fault refuses
    keep = between(5, 1, 100),                     -- good versions that `usher rollback` can go back to
    drain = between(60.0, 0.05, 3600),             -- what requests on the version before get to finish
    links = false,                                 -- links in --scripts may lead out of it, unwatched
    header = false,                                -- answers tell their version: X-Usher-Generation
  },
  scripts = {                                      -- what scripts may take; commands, exec and test are free
    slice = between(0.5, 0.01, 60),                -- CPU time between two waits; more: the request is stopped, 500
    cpu = between(2.0, 0.01, 600),                 -- CPU time of one request with all its tasks, or of one run of a job
    wall_time = between(60.0, 0.05, 3600),         -- from a request's begin to the end of all its tasks and calls
    held = between(0.1, 0.01, 60),                 -- CPU time after which a slice is logged, with file and line
    load = between(10.0, 0.1, 600),                -- CPU time of loading all scripts and proving them
    memory = between(268435456, 8388608, 68719476736), -- of one version of the scripts on one worker
    request_memory = between(67108864, 1048576, 68719476736), -- of one request, as far as that can be told apart
    string_size = between(16777216, 65536, 1073741824), -- of what string.rep, gsub, table.concat and the like make
    pattern_steps = between(10000000, 1000, 1000000000000), -- of one find, match, gmatch or gsub; and 32 for each byte
    tasks = between(256, 1, 100000),               -- of one request at once
    coroutine_depth = between(16, 1, 100),         -- coroutines that have resumed each other
  },
  proxy = {
    trusted_hops = between(0, 0, 16),              -- proxies in front whose word about the client's address counts
    header = one_of("x-forwarded-for", "forwarded"), -- where they say it: ALB and REST API, or HTTP API
    hsts = between(31536000, 0, 63072000),         -- Strict-Transport-Security where they say https; 0 is none
    strip_prefix = "",                             -- a stage prefix to take off paths, like "/prod"
  },
  cors = {
    origins = list {},                             -- exact origins of the console, like "https://console.example.com"
  },
  show_tracebacks = false,                         -- in the answer to a request that failed; `usher dev` turns it on
  log = {
    level = one_of("info", "debug", "warn", "error", "off"), -- the least that is written to standard error
  },

  http = {
    connect_timeout = between(3.0, 0.05, 60),      -- to reach an upstream
    connections = between(256, 1, 65536),          -- kept-alive connections of one worker, all upstreams
    connections_per_host = between(128, 1, 65536), -- and to one upstream
    ca_file = env("SSL_CERT_FILE"),                -- trusted certificates; "" is the system's store
  },
  aws = {
    region = env("AWS_REGION", env("AWS_DEFAULT_REGION")), -- "" looks into the AWS profile
    endpoint_url = "",                             -- base URL of all AWS services; "" is AWS itself
    credentials_wait = between(10.0, 0, 300),      -- `usher serve` waits so long for the first credentials, then starts
  },
  cognito = {
    url = "",                                      -- base URL of Cognito; "" follows aws.endpoint_url
    user_pool_id = env("USHER_USER_POOL_ID"),      -- like us-east-1_Ab12Cd34
    client_id = env("USHER_CLIENT_ID"),            -- the app client that signs people up
    client_secret = secret "env:USHER_CLIENT_SECRET", -- its secret
    timeout = between(8.0, 0.05, 60),              -- for one call, its retries included
  },
  dynamodb = {
    url = "",                                      -- base URL of DynamoDB; "" follows aws.endpoint_url
    table = "UsersAccountsTable",                  -- the one table, exactly as it is named in AWS
    timeout = between(5.0, 0.05, 60),              -- for one call, its retries included
  },
  ses = {
    url = "",                                      -- base URL of SES; "" follows aws.endpoint_url
    from = "",                                     -- the verified sender of usher's own mail, like "a@example.com"
    timeout = between(5.0, 0.05, 60),              -- for one mail, its retries included
  },
  stripe = {
    url = "https://api.stripe.com",                -- base URL of Stripe
    key = secret "env:STRIPE_API_KEY",             -- sk_live_… or a restricted key for customers and payment methods
    publishable_key = "",                          -- pk_live_…: the sign-up page reads cards with it, in the browser
    version = "2026-10-28.endive",                 -- the API version every call pins
    timeout = between(15.0, 0.05, 80),             -- for one call, its retries included
    attach = one_of("at_signup", "at_confirm"),    -- when the card is attached
    pause = between(30.0, 0.05, 3600),             -- a key that Stripe does not take is looked at again after this
  },

  account = {
    cell_id = "cell-1",                            -- the cell that new accounts live in
    cloud_provider = "AWS",                        -- written on each membership
    limits = map { max_indexes = 5, max_api_keys = 10 }, -- written on each account
  },
  api_key = {
    prefix = "usher",                              -- the first part of each API key
  },
  signup = {
    key = secret "env:USHER_SIGNUP_KEY",           -- at least 32 random bytes; keys the hashes of e-mails and requests
    lease = between(30.0, 1, 600),                 -- a sign-up being worked on is left alone this long; more than
                                                   -- any one call may take, or two work on it at once
    ttl = between(604800, 3600, 31536000),         -- an unfinished intent is forgotten after this
    max_cards = between(3, 1, 10),                 -- tokens one sign-up may try
    conceal_existing = false,                      -- an address that has an account is answered like a new one, and
                                                   -- its owner is told by mail; needs ses.from; cards are attached at
                                                   -- the confirmation then
  },
  confirm = {
    require_proof = one_of("always", "when_superseded"), -- when confirming needs the browser that signed up
  },
  resend = {
    interval = between(60, 0, 3600),               -- between two mails of one sign-up
    per_hour = between(5, 1, 100),                 -- mails of one sign-up in an hour
  },
  sso = {                                          -- "Sign in with Google", through Cognito's hosted UI
    domain_url = "",                               -- the user pool's domain, like https://login.example.com; "" is off
    provider = "Google",                           -- the pool's name of the identity provider
    client_id = env("USHER_SSO_CLIENT_ID"),        -- the app client with the code grant; "" is cognito.client_id
    client_secret = optional_secret "env:USHER_SSO_CLIENT_SECRET", -- its secret; without one, cognito.client_secret
    scopes = list { "openid", "email", "profile" }, -- what the tokens are for
    audience = list {},                            -- more app clients whose tokens may ask for the API key
    issuer = "",                                   -- "" is the pool's: https://cognito-idp.REGION.amazonaws.com/POOL
    jwks_url = "",                                 -- where the keys are; "" is ISSUER/.well-known/jwks.json
    callback_urls = list {},                       -- https://HOST/api/account/sso/callback, as registered; the first is
                                                   -- used unless the start asks for another one of these
    console_url = "",                              -- where people go afterwards, like https://console.example.com
    card = one_of("none", "required"),             -- required: a new account needs stripe_token in the start
    state_ttl = between(600, 30, 3600),            -- the time a person has at Google
    clock_skew = between(30, 0, 300),              -- between our clock and the issuer's
    jwks_max_age = between(3600, 60, 86400),       -- keys are asked for again after this
    jwks_cool_down = between(30, 1, 3600),         -- an unknown key makes us ask no more often than this
    jwks_stale = between(86400, 0, 604800),        -- old keys are good this long while new ones cannot be had
    timeout = between(8.0, 0.05, 25),              -- for one call to the hosted UI
  },
  metrics = {
    prometheus = true,                             -- GET /metrics on the admin listener
    emf = one_of("off", "on"),                     -- embedded metric format: JSON lines on standard output
    cloudwatch = one_of("off", "on"),              -- sent to CloudWatch with PutMetricData
    namespace = "usher",                           -- the namespace of both in CloudWatch
    interval = between(60.0, 0.05, 3600),          -- between two tellings of either
  },
  cloudwatch = {
    url = "",                                      -- base URL of CloudWatch; "" follows aws.endpoint_url
    timeout = between(10.0, 0.05, 60),             -- for one call, its retries included
  },
  lambda = {                                       -- for functions that your own scripts invoke
    url = "",                                      -- base URL of Lambda; "" follows aws.endpoint_url
    timeout = between(10.0, 0.05, 900),            -- for one invocation, its retries included
  },
  attempts = {                                     -- beyond these 429, before anything is written; 0 is no limit
    per_address = between(60, 0, 1000000),         -- sign-ups a minute of one address or IPv6 /64; confirmations alike
    per_email = between(20, 0, 1000000),           -- the same for one e-mail address, an hour
    overall = between(1000, 0, 1000000),           -- the same for everybody together, a second and process
    cards_per_address = between(10, 0, 1000000),   -- different cards of one address, an hour: against card testing
  },
  outbox = {                                       -- what could not be told in time is told again in the background
    interval = between(5.0, 0.05, 3600),           -- between two looks at it
    first_delay = between(5.0, 0.05, 3600),        -- before the first repetition; each pause is twice the last
    max_delay = between(3600, 1, 86400),           -- the longest pause
    attempts = between(20, 1, 1000),               -- then it is put aside, for `usher inspect` and `usher repair`
    lease = between(60, 10, 3600),                 -- one process at a time works on it, and renews this
    shards = between(4, 1, 64),                    -- partitions of the table that share the load; never fewer later
  },
  captcha = {                                      -- asked at sign-up, before anything is written
    provider = one_of("off", "turnstile", "hcaptcha", "recaptcha"), -- whose token the form's captcha_token is
    secret = optional_secret "env:USHER_CAPTCHA_SECRET", -- the provider's secret key of this site
    site_key = "",                                 -- its public half, for the sign-up page (recaptcha: of version 2)
    url = "",                                      -- its verification address; "" is the provider's own
    min_score = between(0.5, 0.0, 1.0),            -- recaptcha v3: a lower score is refused
    timeout = between(4.0, 0.05, 30),              -- for its answer
    when_down = one_of("refuse", "allow"),         -- without an answer: 503, or let the sign-up pass
  },
  page = {
    enabled = true,                                -- GET /signup, for who has no console of their own yet; it also
                                                   -- needs stripe.publishable_key, and captcha.site_key if one asks
    client_id = "",                                -- an app client without a secret, with the code grant and this page
                                                   -- as its callback: shows the API key after Google
  },
  slack = {
    webhook = optional_secret "env:SLACK_WEBHOOK_URL", -- an incoming webhook, told of new customers; may be absent
    timeout = between(2.0, 0.05, 10),              -- for one message, its retries included
  },
  triggers = {                                     -- domains are compared exactly, with what is after the last @
    internal_domains = list { "marqo.ai", "s2search.io", "mailinator.com" }, -- Slack is not told of these
    deny = list {},                                -- domains or whole addresses that cannot sign up
    allow = list {},                               -- when not empty, only these domains or addresses can
    disposable = list { "10minutemail.com", "guerrillamail.com", "sharklasers.com", "temp-mail.org",
      "tempmail.com", "throwawaymail.com", "trashmail.com", "yopmail.com" }, -- refused, unless allowed above
    provider = "",                                 -- the pool's identity provider; "" is sso.provider
    call_timeout = between(1.5, 0.05, 4),          -- for one call of a trigger
    timeout = between(4.5, 0.1, 30),               -- for all of a trigger; Cognito gives up after 5
  },
  password = {                                     -- the user pool's policy, mirrored so that all faults show at once
    min_length = between(8, 6, 99),
    require_lowercase = true,
    require_uppercase = true,
    require_numbers = true,
    require_symbols = true,
  },
  sandbox = {
    data = "",                                     -- `usher dev`: the folder to keep everything in; "" is memory
    urls = map {},                                 -- set by `usher dev`: the base URLs of its parts
  },
}
