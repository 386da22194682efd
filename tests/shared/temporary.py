# SPDX-License-Identifier: MIT
"""The sandbox's temporary credentials: its switches and routes, for the tests of interop/ and e2e/."""
import base64
import json
import urllib.error
import urllib.request

import fixture

ROLE = "arn:aws:iam::123456789012:role/usher-test"
REGION = "us-east-1"
FIXED = {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_CONFIG_FILE": "/nowhere",
         "AWS_EC2_METADATA_DISABLED": "true"}  # whatever machine this runs on, its own metadata is not asked
PATIENCE = fixture.PATIENCE


def jwt(**claims):
    parts = [{"alg": "RS256"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".c"


def sandbox(path, body=None, method=None, service="mailbox", headers=None, ready=None):
    """One exchange with a part of the sandbox -> status, text."""
    data = json.dumps(body).encode() if body is not None else None
    url = (ready or fixture.start())["sandbox"][service] + path
    request = urllib.request.Request(url, data, {**({"Content-Type": "application/json"} if data else {}),
                                                 **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


class Turned:
    """Switches of the sandbox, until the end of `with`."""

    def __init__(self, **switches):
        self.switches = switches

    def turn(self, switches):
        status, text = sandbox("/switches", switches)
        assert status == 200, text

    def __enter__(self):
        before = json.loads(sandbox("/switches")[1])
        self.before = {name: before[name] for name in self.switches}
        self.turn(self.switches)

    def __exit__(self, *_):
        self.turn(self.before)
