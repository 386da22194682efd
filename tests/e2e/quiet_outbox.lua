-- SPDX-License-Identifier: MIT
-- Settings for tests that look at what waits in the outbox: nothing is told by itself meanwhile.
return { outbox = { first_delay = 3600 } }
