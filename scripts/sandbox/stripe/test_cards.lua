-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: the test cards of Stripe's documentation, as data: cards.lua makes cards of the rows.
-- {names behind tok_ and pm_card_, number, what}; what = {funding=, country=, decline=, attach=, authenticate=,
-- checks=} as in cards.lua.
local CVC, ZIP, LINE1 = { cvc_check = "fail" }, { address_postal_code_check = "fail" }, { address_line1_check = "fail" }
local ADDRESS = { address_postal_code_check = "fail", address_line1_check = "fail" }
local UNKNOWN = { address_postal_code_check = "unavailable", address_line1_check = "unavailable" }
local DEBIT, ASKS = { funding = "debit" }, { authenticate = true }

local rows = {
  { "visa us", "4242424242424242" },
  { "visa_debit", "4000056655665556", DEBIT },
  { "mastercard", "5555555555554444" },
  { "", "2223003122003222" },
  { "mastercard_debit", "5200828282828210", DEBIT },
  { "mastercard_prepaid", "5105105105105100", { funding = "prepaid" } },
  { "amex", "371449635398431" },
  { "amex_threeDSecureNotSupported threeDSecureNotSupported", "378282246310005" },
  { "discover", "6011111111111117" },
  { "", "6011000990139424" },
  { "", "6011981111111113", DEBIT },
  { "diners", "3056930009020004" },
  { "", "36227206271667" },
  { "jcb", "3566002020360505" },
  { "", "3530111333300000", { country = "JP" } },
  { "unionpay", "6200000000000005" },
  { "", "6200000000000047", DEBIT },
  { "", "6205500000000000004" },
  { "visa_cartesBancaires", "4000002500001001", { country = "FR" } },
  { "mastercard_cartesBancaires", "5555552500001001", { country = "FR" } },
  { "visa_debit_eftposAuCoBranded", "4000050360000001", { country = "AU", funding = "debit" } },
  { "mastercard_debit_eftposAuCoBranded", "5555050360000080", { country = "AU", funding = "debit" } },
  { "ae_mastercard", "5200007840000022", { country = "AE" } },
  { "gb_debit", "4000058260000005", { country = "GB", funding = "debit" } },
  { "gb_mastercard", "5555558265554449", { country = "GB" } },
  { "th_credit", "4000007640000003", { country = "TH" } },
  { "th_debit", "4000057640000008", { country = "TH", funding = "debit" } },

  -- declines
  { "chargeDeclined visa_chargeDeclined", "4000000000000002", { decline = "generic_decline" } },
  { "chargeDeclinedInsufficientFunds visa_chargeDeclinedInsufficientFunds", "4000000000009995",
    { decline = "insufficient_funds" } },
  { "chargeDeclinedFraudulent visa_chargeDeclinedFraudulent radarBlock", "4100000000000019",
    { decline = "fraudulent" } },
  { "chargeDeclinedLostCard visa_chargeDeclinedLostCard", "4000000000009987", { decline = "lost_card" } },
  { "chargeDeclinedStolenCard visa_chargeDeclinedStolenCard", "4000000000009979", { decline = "stolen_card" } },
  { "chargeDeclinedExpiredCard visa_chargeDeclinedExpiredCard", "4000000000000069", { decline = "expired_card" } },
  { "chargeDeclinedIncorrectCvc visa_chargeDeclinedIncorrectCvc", "4000000000000127", { decline = "incorrect_cvc" } },
  { "chargeDeclinedProcessingError visa_chargeDeclinedProcessingError", "4000000000000119",
    { decline = "processing_error" } },
  { "chargeDeclinedVelocityLimitExceeded visa_chargeDeclinedVelocityLimitExceeded", "4000000000006975",
    { decline = "card_velocity_exceeded" } },
  { "chargeCustomerFail", "4000000000000341", { decline = "generic_decline", attach = true } },

  -- fraud prevention
  { "riskLevelElevated", "4000000000009235" },
  { "riskLevelHighest", "4000000000004954" },
  { "cvcCheckFail", "4000000000000101", { checks = CVC } },
  { "cvcCheckFailElevatedRisk", "4000058400307872", { checks = CVC } },
  { "avsZipFail", "4000000000000036", { checks = ZIP } },
  { "avsZipFailElevatedRisk", "4000058400306072", { checks = ZIP } },
  { "avsLine1Fail", "4000000000000028", { checks = LINE1 } },
  { "avsFail", "4000000000000010", { checks = ADDRESS } },
  { "avsUnchecked", "4000000000000044", { checks = UNKNOWN } },

  -- what comes of charges, which nobody makes here
  { "createDispute", "4000000000000259" },
  { "createDisputeProductNotReceived", "4000000000002685" },
  { "createDisputeInquiry", "4000000000001976" },
  { "createIssuerFraudRecord", "4000000000005423" },
  { "createMultipleDisputes", "4000000404000079" },
  { "pendingRefund", "4000000000007726" },
  { "refundFail", "4000000000005126" },
  { "bypassPending", "4000000000000077" },
  { "bypassPendingInternational", "4000003720000278", { country = "IE" } },
  { "domesticPricing", "4000000000000093" },

  -- 3-D Secure
  { "authenticationRequired", "4000002760003184", ASKS },
  { "authenticationRequiredOnSetup", "4000002500003155", ASKS },
  { "authenticationRequiredSetupForOffSession", "4000003800000446", ASKS },
  { "authenticationRequiredChargeDeclinedInsufficientFunds", "4000008260003178", ASKS },
  { "threeDSecure2Required", "4000000000003220", ASKS },
  { "threeDSecureRequired", "4000000000003063", ASKS },
  { "threeDSecureRequiredChargeDeclined", "4000008400001629", ASKS },
  { "threeDSecureRequiredProcessingError", "4000008400001280", ASKS },
  { "threeDSecureOptional", "4000000000003055" },
  { "threeDSecureOptionalProcessingError", "4000000000003097" },
}

-- A country's Visa card: "de" and its number.
local COUNTRIES = [[
  ar 4000000320000021 br 4000000760000002 ca 4000001240000000 cl 4000001520000001 co 4000001700000003
  cr 4000001880000005 ec 4000002180000000 mx 4000004840008001 pa 4000005910000000 py 4000006000000066
  pe 4000006040000068 uy 4000008580000003 ae 4000007840000001 at 4000000400000008 be 4000000560000004
  bg 4000001000000000 by 4000001120000005 hr 4000001910000009 cy 4000001960000008 cz 4000002030000002
  dk 4000002080000001 ee 4000002330000009 fi 4000002460000001 fr 4000002500000003 de 4000002760000016
  gi 4000002920000005 gr 4000003000000030 hu 4000003480000005 ie 4000003720000005 it 4000003800000008
  lv 4000004280000005 li 4000004380000004 lt 4000004400000000 lu 4000004420000006 mt 4000004700000007
  nl 4000005280000002 no 4000005780000007 pl 4000006160000005 pt 4000006200000007 ro 4000006420000001
  sa 4000006820000007 si 4000007050000006 sk 4000007030000001 es 4000007240000007 se 4000007520000008
  ch 4000007560000009 gb 4000008260000000 au 4000000360000006 cn 4000001560000002 hk 4000003440000004
  in 4000003560000008 jp 4000003920000003 my 4000004580000002 nz 4000005540000008 sg 4000007020000003
  tw 4000001580000008 ]]

for country, number in COUNTRIES:gmatch "(%l%l) (%d+)" do
  rows[#rows + 1] = { country, number, { country = country:upper() } }
end

return rows
