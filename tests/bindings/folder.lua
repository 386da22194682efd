-- SPDX-License-Identifier: MIT
-- For specs that run the binary itself: folders of files, and what a command says of them.
local folder = { usher = io.popen("readlink /proc/$PPID/exe"):read("l") }

-- folder.with({ ["a/b.lua"] = text, … }, fn): fn gets the path of a folder that holds these files, and is then gone.
function folder.with(files, fn)
  local path = io.popen("mktemp -d"):read("l")
  for name, text in pairs(files) do
    os.execute(("mkdir -p '%s/%s'"):format(path, name:match("^(.*)/") or "."))
    assert(io.open(path .. "/" .. name, "w")):write(text):close()
  end
  local ok, problem = pcall(fn, path)
  os.execute(("rm -rf '%s'"):format(path))
  if not ok then error(problem, 0) end
end

-- folder.run("check --config x") -> exit code, all that was printed
function folder.run(arguments, environment)
  local pipe = assert(io.popen(("env %s %s %s 2>&1"):format(environment or "", folder.usher, arguments)))
  local text = pipe:read("a")
  local _, _, code = pipe:close()
  return code, text
end

return folder
