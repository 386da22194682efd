-- SPDX-License-Identifier: MIT
-- An expression's text -> its tokens. A token is {type, text, from, to}: "name", "keyword", "alias" (#x),
-- "placeholder" (:x), "number", "eof", or a symbol, whose type is its text.
local KEYWORDS = {
  AND = true, OR = true, NOT = true, BETWEEN = true, IN = true,
  SET = true, REMOVE = true, ADD = true, DELETE = true,
}

local PATTERNS = {
  { "name", "^[%a_][%w_]*()" },
  { "alias", "^#[%w_]+()" },
  { "placeholder", "^:[%w_]+()" },
  { "number", "^%d+()" },
  { "symbol", "^<>()" }, { "symbol", "^<=()" }, { "symbol", "^>=()" },
  { "symbol", "^[\xC2-\xF4][\x80-\xBF]+()" }, -- a character that means nothing, whole
  { "symbol", "^.()" },
}

local function next_token(text, at)
  local from = text:find("%S", at)
  if not from then return { type = "eof", text = "<EOF>", from = #text + 1, to = #text } end
  for _, pattern in ipairs(PATTERNS) do
    local past = text:match(pattern[2], from)
    if past then
      local token = { type = pattern[1], text = text:sub(from, past - 1), from = from, to = past - 1 }
      if token.type == "symbol" then token.type = token.text end
      if token.type == "name" and KEYWORDS[token.text:upper()] then
        token.type, token.keyword = "keyword", token.text:upper()
      end
      return token
    end
  end
end

-- The list of tokens, the last one "eof".
return function(text)
  local tokens, at = {}, 1
  repeat
    local token = next_token(text, at)
    tokens[#tokens + 1] = token
    at = token.to + 1
  until token.type == "eof"
  return tokens
end
