# SPDX-License-Identifier: MIT
"""config/aws: the policies allow what the scripts call and nothing else; the task definition starts this binary."""
import json
import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).parents[2]
import process

AWS = ROOT / "config/aws"
PREFIXES = {"cognito": "cognito-idp", "dynamodb": "dynamodb", "ses": "ses"}
CALL = re.compile(r'\b(admin|call|page|in_batches)\("(\w+)"|(operation) = "(\w+)"')  # cognito's unsigned calls need no role
MODULE = re.compile(r'"((?:lib|flows|hooks|commands)\.[\w.]+)"')
ACTIONS = {"put": "PutItem", "update": "UpdateItem", "delete": "DeleteItem", "check": "ConditionCheckItem"}


def text_of(module):
    path = ROOT / "scripts" / (module.replace(".", "/") + ".lua")
    return path.read_text() if path.exists() else ""


def operations(service):
    """A binding's functions -> the operation that each calls."""
    pieces = re.split(rf"^function {service}\.(\w+)", (ROOT / f"bindings/{service}.lua").read_text(), flags=re.M)
    found = {name: CALL.search(body) for name, body in zip(pieces[1::2], pieces[2::2])}
    return {name: call[2] or call[4] for name, call in found.items() if call}


def reach(modules):
    """These modules of scripts/ and all that they name."""
    seen, todo = set(), set(modules)
    while todo:
        seen |= todo
        todo = {name for module in todo for name in MODULE.findall(text_of(module))} - seen
    return seen


def called(modules):
    """-> the actions that IAM has to allow"""
    found = set()
    for text in map(text_of, reach(modules)):
        for service, prefix in PREFIXES.items():
            known = operations(service)
            names = {known[name] for name in re.findall(rf"\b{service}\.(\w+)", text) if name in known}
            if "TransactWriteItems" in names:  # IAM has no such action: each item needs its own
                names = names - {"TransactWriteItems"} | {ACTIONS[kind] for kind in re.findall(r"\{ (\w+) = \{", text) if kind in ACTIONS}
            found |= {f"{prefix}:{name}" for name in names}
    return found


class Policies(unittest.TestCase):
    def allowed(self, name):
        statements = json.loads((AWS / name).read_text())["Statement"]
        actions = [action for statement in statements for action in statement["Action"]]
        self.assertEqual(len(actions), len(set(actions)))
        return set(actions)

    def test_the_server(self):
        self.assertEqual(self.allowed("server-policy.json"), called({"routes", "jobs"}) | {"cloudwatch:PutMetricData"})

    def test_people_on_call(self):
        commands = {f"commands.{path.stem}" for path in ROOT.glob("scripts/commands/*.lua")}
        self.assertEqual(self.allowed("on-call-policy.json"), called(commands - {"commands.repl"}))


class Task(unittest.TestCase):
    def setUp(self):
        task, = json.loads((AWS / "ecs-task.json").read_text())["containerDefinitions"]
        self.task, self.secrets = task, {one["name"]: one["name"].lower() for one in task["secrets"]}
        self.variables = {one["name"]: one["value"] for one in task["environment"]}

    def settings(self, script, **env):
        with process.Folder({"p.lua": "local config = require 'config' print(" + script + ")"}) as path:
            code, said, problem = process.run("exec", "--config", str(AWS / "usher.lua"), os.path.join(path, "p.lua"),
                                              env=process.environment(env))
        self.assertEqual(code, 0, problem)
        return said.split()

    def check(self, env):
        return process.run("check", "--config", str(AWS / "usher.lua"), env=process.environment(self.variables, env))

    def test_its_variables_are_those_that_usher_needs(self):
        code, _, problem = self.check(self.secrets)
        self.assertEqual(code, 0, problem)
        for missing in set(self.secrets) - {"SLACK_WEBHOOK_URL"}:
            env = {name: value for name, value in self.secrets.items() if name != missing}
            self.assertIn(f"{missing} is not set", self.check(env)[2])
        taken = self.settings("config.aws.region, config.cognito.user_pool_id, config.cognito.client_id", **self.variables)
        self.assertEqual(taken, list(self.variables.values()))

    def test_it_is_given_the_time_to_end(self):
        grace, drain = map(float, self.settings("config.limits.grace, config.limits.drain"))
        self.assertGreater(self.task["stopTimeout"], grace + drain)

    def test_its_port_is_open_to_the_load_balancer(self):
        host, port = self.settings("config.listen.host, config.listen.port")
        self.assertEqual((host, int(port)), ("0.0.0.0", self.task["portMappings"][0]["containerPort"]))

    def test_its_health_check_asks_a_server(self):
        kind, name, *words = self.task["healthCheck"]["command"]
        self.assertEqual((kind, name), ("CMD", "usher"))
        with process.Serve((AWS / "usher.lua").read_text(), env=self.variables) as server:
            admin = ["--admin", f"http://127.0.0.1:{server.admin_port}"]
            self.assertEqual(process.run(*words, *admin, env=process.environment())[0], 0)
            self.assertEqual(server.get("/healthz")[0], 200)
        self.assertEqual(process.run(*words, *admin, env=process.environment())[0], 1)


if __name__ == "__main__":
    unittest.main()
