-- SPDX-License-Identifier: MIT
-- expect: error a format of 256 bytes
return function()
  return { body = os.date(("%c"):rep(100000)) }
end
