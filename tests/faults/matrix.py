# SPDX-License-Identifier: MIT
"""The fault matrix as data: which calls a flow makes, how each may break, and how people go on afterwards.

run.py proves that CALLS is complete: it compares it with the sandbox's journal of undisturbed runs.
"""
import collections

# A call of a flow. match: what its body holds, where the operation alone does not say which call it is; nth: the
# first one meant, where the body does not say it either. stores: "USER" or "ACCOUNT" when
# INCONSISTENT_*_STORES counts it if it fails for good. uncured: faults that the visitor meets although they come once.
Call = collections.namedtuple("Call", "name service operation match nth stores uncured")


def call(name, service, operation, match=None, nth=1, stores=None, uncured=()):
    return Call(name, service, operation, match, nth, stores, uncured)


OPEN = [call("intent", "dynamodb", "PutItem", '"INTENT"')]
KEY = [call("idempotency key", "dynamodb", "PutItem", '"IDEMPOTENCY#')]
FROM_COGNITO = [
    call("SignUp", "cognito", "SignUp"),
    call("store sub", "dynamodb", "UpdateItem", '"COGNITO"', stores="USER"),
    call("user record", "dynamodb", "UpdateItem", '"USER#', stores="USER"),
    call("customer", "stripe", "create_customer", stores="ACCOUNT"),
    call("card", "stripe", "create_payment_method", stores="ACCOUNT"),
    call("store stripe ids", "dynamodb", "UpdateItem", "payment_method", stores="ACCOUNT"),
]
ATTACH = [
    call("attach", "stripe", "attach_payment_method", stores="ACCOUNT"),
    call("default card", "stripe", "update_customer", stores="ACCOUNT"),
]
CLOSE = [call("account", "dynamodb", "TransactWriteItems", "system_account_id", stores="ACCOUNT")]
SUPERSEDE = [
    call("intent exists", "dynamodb", "PutItem", '"INTENT"'),
    call("who is it", "cognito", "AdminGetUser"),
    call("replace intent", "dynamodb", "PutItem", '":owner"'),
    call("still unconfirmed", "cognito", "AdminGetUser", nth=2),
    call("delete user", "cognito", "AdminDeleteUser"),
    call("find memberships", "dynamodb", "Query", '"USER#', stores="USER"),
    call("find account", "dynamodb", "Query", '"ACCOUNT#', nth=2, stores="USER"),
    call("delete customer", "stripe", "delete_customer", stores="ACCOUNT"),
    call("delete rows", "dynamodb", "BatchWriteItem", stores="USER"),
    call("store superseded", "dynamodb", "UpdateItem", "superseded", stores="USER"),
]
CONFIRM = [
    call("find intent", "dynamodb", "GetItem", '"INTENT"'),
    call("claim intent", "dynamodb", "UpdateItem", "ALL_OLD"),
    call("ConfirmSignUp", "cognito", "ConfirmSignUp", uncured=("once refused",)),  # a second try costs one of 15 an hour
    call("store code_accepted", "dynamodb", "UpdateItem", "code_accepted"),
    call("verified attribute", "cognito", "AdminUpdateUserAttributes", stores="USER"),
    call("verified record", "dynamodb", "UpdateItem", '"USER#', stores="USER"),
]
NOTIFY = [  # what the PostConfirmation trigger does meanwhile
    call("keep message", "dynamodb", "PutItem", '"OUTBOX#'),
    call("mark as told", "dynamodb", "PutItem", '"NOTICE#'),
    call("tell Slack", "slack", "post"),
    call("forget message", "dynamodb", "DeleteItem", '"OUTBOX#'),
]
REVEAL = [call("reveal key", "dynamodb", "TransactWriteItems", "secret_hash")]
LATE_ATTACH = ATTACH + [call("store card_attached", "dynamodb", "UpdateItem", "card_attached", stores="ACCOUNT")]

# What somebody does -> the calls that it makes, in about this order.
SCENARIOS = {
    "signup": OPEN + KEY + FROM_COGNITO + ATTACH + CLOSE,                    # a new address
    "supersede": SUPERSEDE + KEY + FROM_COGNITO + ATTACH + CLOSE,            # one that somebody never confirmed
    "confirm": CONFIRM + NOTIFY + REVEAL,                                    # the code from the mail
    "confirm and attach": CONFIRM + NOTIFY + LATE_ATTACH + REVEAL,           # stripe.attach = at_confirm
}

# What is called when the answer has left already; test_last_moment.py breaks it.
AFTERWARDS = {name: [call("forget seed", "dynamodb", "UpdateItem")] for name in ("confirm", "confirm and attach")}

# How people go on: the same request with the same Idempotency-Key from another browser; the same browser with its
# cookie, if it got one; `usher repair`.
CLIENT, ALL = ["key", "cookie"], ["key", "cookie", "repair"]

# How a call breaks: the switch's kind, how many calls from there (1000: until it is cleared), which server meets it
# (world.World; the victim is killed while the call hangs), and how people go on.
Fault = collections.namedtuple("Fault", "name kind count front recoveries")
FAULTS = [
    Fault("refuse", "refuse", 1000, "stubborn", ALL),
    Fault("error after", "error_after", 1000, "stubborn", ALL),
    Fault("lost answer", "lost_answer", 1000, "stubborn", CLIENT),
    Fault("reset before", "reset_before", 1000, "stubborn", CLIENT),
    Fault("hang before", "hang_before", 1000, "hasty", CLIENT),
    Fault("hang after", "hang", 1000, "hasty", ALL),
    Fault("once refused", "refuse", 1, "patient", ["key"]),
    Fault("once lost", "lost_answer", 1, "patient", ["key"]),
    Fault("killed before", "hang_before", 1, "victim", ALL),
    Fault("killed after", "hang", 1, "victim", ALL),
]

# Calls that are made only on some ways: an Idempotency-Key's record needs a key.
ONLY_BY = {"idempotency key": {"key"}}

# Calls that come in the very same state as in another scenario, which has their rows; --all makes rows here too.
AS_ELSEWHERE = {
    "supersede": [call for call in FROM_COGNITO + ATTACH + CLOSE if call.name != "SignUp"],
    "confirm and attach": CONFIRM,
}

Row = collections.namedtuple("Row", "scenario call fault recovery")


def rows(everything=False):
    for scenario, calls in SCENARIOS.items():
        for one in calls:
            if not everything and one in AS_ELSEWHERE.get(scenario, []):
                continue
            for fault in FAULTS:
                for recovery in fault.recoveries:
                    if recovery in ONLY_BY.get(one.name, ALL):
                        yield Row(scenario, one, fault, recovery)
