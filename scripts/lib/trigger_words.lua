-- SPDX-License-Identifier: MIT
-- What triggers/pre_sign_up tells people whom it does not let in, and lib/sso/answer reads again when Cognito has put
-- words of its own around it and sent it along with the browser.
return {
  has_password = "This address has an account with a password, please sign in with that",
  in_progress = "A sign-up with this address is being worked on, please try again in a moment",
  not_verified = "Google has not verified this e-mail address",
  unavailable = "This address cannot be checked right now, please try again",
}
