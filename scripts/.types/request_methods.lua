-- SPDX-License-Identifier: MIT
---@meta request_methods

---Of usher's own: gives requests the methods json, query and cookie.
return require "request"
