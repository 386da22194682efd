-- SPDX-License-Identifier: MIT
-- bindings: the X-Ray trace that this process works for. Only `usher lambda` has one, since it works for one caller at
-- a time; aws.lua sends it along. trace.id: "Root=1-…;Parent=…;Sampled=1" | nil.
return {}
