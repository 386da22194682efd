# SPDX-License-Identifier: MIT
"""Commands that are scripts: usher's own, and one that operations add."""
import json
import unittest

from process import Folder, Serve, environment, run

MINE = """
local arguments = require "arguments"
return {
  summary = "says hello", help = "usage: usher mine [--loud] NAME\\n", %s
  run = function(args)
    local given = arguments.read(args, { names = { "NAME" }, flags = { "loud" } })
    print(given.NAME, given.loud, require "config".stripe.key)
    return 3
  end,
}
"""
NO_SECRETS = environment()  # none of production's is set
BUILT_IN = ("inspect", "reconcile", "reload", "repair", "rollback", "status")


class Own(unittest.TestCase):
    def test_is_listed_beside_the_built_in_ones(self):
        with Folder({"commands/mine.lua": MINE % ""}) as path:
            code, out, err = run("--help", "--scripts", path, env=NO_SECRETS)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"\n  mine +says hello\n")
        for name in BUILT_IN:
            self.assertIn(f"\n  {name} ", out)

    def test_has_its_own_options_and_exit_code(self):
        with Folder({"commands/mine.lua": MINE % "secrets = false,"}) as path:
            def mine(*words):
                return run("mine", "--scripts", path, *words, env=NO_SECRETS)
            self.assertEqual(mine("you", "--loud"), (3, "you\ttrue\tnil\n", ""))
            self.assertIn("usage: usher mine", mine("--help")[1])
            code, _, err = mine("--lood", "you")
            self.assertEqual(code, 2)
            self.assertIn("did you mean --loud?", err)

    def test_needs_the_secrets_unless_it_says_that_it_does_not(self):
        with Folder({"commands/mine.lua": MINE % ""}) as path:
            code, out, err = run("mine", "--scripts", path, "you", env=NO_SECRETS)
        self.assertEqual((code, out), (1, ""))
        for variable in ("USHER_CLIENT_SECRET", "STRIPE_API_KEY", "USHER_SIGNUP_KEY"):
            self.assertIn(f"environment variable {variable} is not set", err)
        self.assertIn("say --config FILE; with --dev it needs none", err)

    def test_wrong_words_are_said_before_secrets(self):
        for words in (("inspect",), ("inspect", "a@b.co", "c"), ("repair",), ("repair", "--no"), ("reconcile", "--rate", "x")):
            with self.subTest(words):
                code, out, err = run(*words, env=NO_SECRETS)
                self.assertEqual((code, out), (2, ""))
                self.assertIn(f"see 'usher {words[0]} --help'", err)
                self.assertNotIn("environment variable", err)

    def test_built_in_ones_are_there_with_scripts_that_have_none(self):
        with Folder({"routes.lua": "return {}"}) as path:
            code, out, _ = run("status", "--help", "--scripts", path, env=NO_SECRETS)
        self.assertEqual(code, 0)
        self.assertIn("usage: usher status", out)


class Administration(unittest.TestCase):
    """status, reload and rollback speak to the admin listener alone: no secret is asked of who types them."""

    def test_against_a_server(self):
        scripts = {"routes.lua": "return {}"}
        with Folder(scripts) as path, Serve(scripts=path, settings="return { reload = { watch = false } }") as server:
            admin = f"--admin=http://127.0.0.1:{server.admin_port}"
            code, out, err = run("status", admin, "--json", env=NO_SECRETS)
            self.assertEqual((code, err), (0, ""))
            self.assertEqual(json.loads(out)["scripts"]["current"]["number"], 1)
            beside = f"--dev={server.admin_port - 1}"  # where usher dev would have its public listener
            self.assertEqual(run("status", beside, "--json", env=NO_SECRETS)[0], 0)
            code, out, err = run("reload", admin, "--json", env=NO_SECRETS)
            self.assertEqual((code, err, json.loads(out)["ok"]), (0, "", True))
            code, out, err = run("rollback", admin, "--json", env=NO_SECRETS)
            self.assertEqual((code, err, json.loads(out)["ok"]), (1, "", False))

    def test_without_a_server(self):
        for name in ("status", "reload", "rollback"):
            code, out, err = run(name, "--admin", "http://127.0.0.1:1", env=NO_SECRETS)
            self.assertEqual((code, out), (1, ""))
            self.assertIn("nothing answers at http://127.0.0.1:1", err)


if __name__ == "__main__":
    unittest.main()
