-- SPDX-License-Identifier: MIT
-- How long somebody who works on a sign-up is left alone. A lease that ends later than any setting allows was given by
-- a clock that was ahead, and holds nobody up.
local lease = {}

lease.LONGEST = 660 -- seconds: the most that signup.lease can be, and some skew


-- Is it held at this moment? till: when it ends; both in seconds since 1970.
function lease.holds(till, now)
  return till > now and till <= now + lease.LONGEST
end


return lease
