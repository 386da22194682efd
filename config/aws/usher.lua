-- SPDX-License-Identifier: MIT
-- Settings of `usher serve` in a container behind one Application Load Balancer: what differs from config/usher.lua.
-- Ids, addresses and secrets come from the task definition's environment, see ecs-task.json.
return {
  listen = { host = "0.0.0.0" },
  proxy = { trusted_hops = 1 },                            -- without it everybody has the load balancer's address
  cors = { origins = { "https://console.example.com" } },  -- yours
  metrics = { emf = "on" },                                -- CloudWatch makes metrics of these lines of the log
}
