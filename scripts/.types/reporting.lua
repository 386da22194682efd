-- SPDX-License-Identifier: MIT
---@meta reporting

---Of usher's own: starts the ways by which metrics leave.
return true
