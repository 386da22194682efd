-- SPDX-License-Identifier: MIT
-- The events that Cognito sends to its triggers, as captured from real pools: text, so that what is compared is
-- what travels.
local events = {}

events.sign_up = [[{"version":"1","region":"us-west-2","userPoolId":"us-west-2_aaaaaaaaa",
"userName":"d8411330-6061-70eb-ec7d-e9eb17f8f222","callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown",
"clientId":"1example23456789"},"triggerSource":"PreSignUp_SignUp","request":{"userAttributes":{"name":"Jane",
"email":"jane@example.com"},"validationData":null},"response":{"autoConfirmUser":false,"autoVerifyEmail":false,
"autoVerifyPhone":false}}]]

events.external = [[{"version":"1","region":"us-west-2","userPoolId":"us-west-2_aaaaaaaaa",
"userName":"google_109354484677663308178","callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown",
"clientId":"1example23456789"},"triggerSource":"PreSignUp_ExternalProvider","request":{"userAttributes":
{"cognito:email_alias":"","cognito:phone_number_alias":"","email":"jane@example.com","email_verified":"true",
"name":"Jane"},"validationData":{}},"response":{"autoConfirmUser":false,"autoVerifyEmail":false,
"autoVerifyPhone":false}}]]

events.admin_create = [[{"version":"1","region":"us-west-2","userPoolId":"us-west-2_aaaaaaaaa",
"userName":"d8411330-6061-70eb-ec7d-e9eb17f8f222","callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown",
"clientId":"1example23456789"},"triggerSource":"PreSignUp_AdminCreateUser","request":{"userAttributes":
{"email":"jane@yopmail.com"},"validationData":null},"response":{"autoConfirmUser":false,"autoVerifyEmail":false,
"autoVerifyPhone":false}}]]

events.confirmed = [[{"version":"1","region":"us-west-2","userPoolId":"us-west-2_aaaaaaaaa",
"userName":"c9b5b4b1-60a1-7041-6e2e-0d5c0b4d2a11","callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown",
"clientId":null},"triggerSource":"PostConfirmation_ConfirmSignUp","request":{"userAttributes":
{"sub":"c9b5b4b1-60a1-7041-6e2e-0d5c0b4d2a11","email_verified":"true","cognito:user_status":"CONFIRMED",
"name":"Jane","email":"jane@example.com"}},"response":{}}]]

events.forgot = events.confirmed:gsub("ConfirmSignUp", "ConfirmForgotPassword")


return events
