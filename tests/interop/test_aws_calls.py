# SPDX-License-Identifier: MIT
"""The binary's own cognito and dynamodb bindings (aws_calls.lua) against the sandbox, as a deployment would be set up:
by environment variables only."""
import os
import subprocess
import unittest

import fixture


class OwnBindings(unittest.TestCase):
    def test_calls(self):
        ready = fixture.start()
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": ready["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": ready["secret_access_key"],
            "AWS_REGION": ready["region"],
            "AWS_ENDPOINT_URL_DYNAMODB": ready["sandbox"]["dynamodb"],
            "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": ready["sandbox"]["cognito"],
            "USHER_USER_POOL_ID": ready["user_pool_id"],
            "USHER_CLIENT_ID": ready["client_id"],
            "USHER_CLIENT_SECRET": ready["client_secret"],
            "USHER_MAILBOX": ready["mailbox_url"],
        }
        calls = os.path.join(os.path.dirname(os.path.abspath(__file__)), "aws_calls.lua")
        done = subprocess.run([fixture.BINARY, "test", calls], env=environment, capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr + fixture.url("dynamodb"))


if __name__ == "__main__":
    unittest.main()
