-- SPDX-License-Identifier: MIT
-- What runs beside the requests, once per process: background.every(seconds, name, function).
local background, config = require "background", require "config"
local inconsistent, outbox, stripe = require "lib.inconsistent", require "lib.outbox", require "stripe"

background.every(config.outbox.interval, "outbox", outbox.run)
background.every(config.metrics.interval, "inconsistent", inconsistent.check)
background.every(config.stripe.pause, "stripe_key", stripe.look)
