-- SPDX-License-Identifier: MIT
-- For specs that put stand-ins in the place of modules: keep_modules(names) -> restore: a function that puts back what
-- `require` found under these names when they were kept.
return function(names)
  local kept = {}
  for _, name in ipairs(names) do kept[name] = package.loaded[name] end
  return function()
    for _, name in ipairs(names) do package.loaded[name] = kept[name] end
  end
end
