-- SPDX-License-Identifier: MIT
-- A stand-in for the cognito module over world.users and world.mails.
-- For fakes.lua, whose wrap(world, name, functions) notes every call and lets it fail.
local copy = require "tests.scripts.copy"


return function(world, wrap)
  local function find(name)
    for _, user in ipairs(world.users) do
      if user.username == name or user.attributes.email == name then return user end
    end
  end
  local function err(code, message)
    return nil, { code = code, message = message, status = 400, sent = true }
  end
  local function mail(user)
    world.codes = world.codes + 1
    user.code = ("%06d"):format(world.codes)
    table.insert(world.mails, 1, { to = user.attributes.email, code = user.code })
  end

  local fake = wrap(world, "cognito", {
    sign_up = function(request)
      if find(request.username) then return err("UsernameExistsException", "An account … exists") end
      world.subs = world.subs + 1
      local sub = ("sub-%d"):format(world.subs)
      local user = { username = sub, sub = sub, status = "UNCONFIRMED", enabled = true,
        created_at = world.now,
        attributes = { sub = sub, email = request.attributes.email, name = request.attributes.name,
          email_verified = "false" }, password = request.password }
      table.insert(world.users, user)
      mail(user)
      return { sub = sub, confirmed = false, delivery = { destination = "j***@e***", medium = "EMAIL" } }
    end,
    confirm_sign_up = function(request)
      local user = find(request.username)
      if not user then return err("UserNotFoundException", "Username/client id combination not found.") end
      if user.status == "CONFIRMED" then
        return err("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
      end
      if user.code ~= request.code then return err("CodeMismatchException", "Invalid code") end
      user.status, user.attributes.email_verified = "CONFIRMED", "true"
      return true
    end,
    resend_confirmation_code = function(request)
      mail(assert(find(request.username)))
      return { delivery = {} }
    end,
    initiate_auth = function(request)
      local user = find(request.username)
      local confirmed = user and user.status == "CONFIRMED"
      if confirmed and user.password == request.password then return { access_token = "a" } end
      return err("NotAuthorizedException", "Incorrect username or password.")
    end,
    admin_get_user = function(username)
      local user = find(username)
      if user then return copy(user) end
      return err("UserNotFoundException", "User does not exist.")
    end,
    admin_update_user_attributes = function(username, attributes)
      for name, value in pairs(attributes) do assert(find(username)).attributes[name] = value end
      return true
    end,
    admin_link_provider_for_user = function(request)
      world.links[#world.links + 1] = copy(request)
      return true
    end,
    admin_delete_user = function(username)
      for i, user in ipairs(world.users) do
        if user.username == username or user.attributes.email == username then
          table.remove(world.users, i)
          return true
        end
      end
      return err("UserNotFoundException", "User does not exist.")
    end,
  })
  for name, words in pairs { is_already_confirmed = "CONFIRMED", is_disabled = "disabled" } do
    fake[name] = function(problem)
      return problem.code == "NotAuthorizedException" and problem.message:find(words, 1, true) ~= nil
    end
  end
  return fake
end
