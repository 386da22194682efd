# SPDX-License-Identifier: MIT
"""The sandbox's Cognito held to the service's own model, as botocore has it: for each operation that is there, each
length, range and value set of each member is broken once, and the answer must name the member and what it must be.
"""
import unittest

import fixture

try:
    import boto3
    import botocore.config
except ImportError:
    boto3 = None

DEPTH = 4

# Where the sandbox goes another way on purpose, by the first words of the member's path.
OTHERWISE = {
    "lambdaConfig": "a pool may name functions that are not there",
    "analyticsMetadata": "nothing is done with it", "analyticsConfiguration": "nothing is done with it",
    "userContextData": "nothing is done with it", "contextData": "nothing is done with it",
    "deviceKey": "there are no devices", "userPoolAddOns": "nothing is done with it",
}
# Limits that are not the same in all versions of the model.
MOVED = {("RevokeToken", "clientSecret"), ("CreateIdentityProvider", "providerName")}
LONGEST = 131072  # a limit of the frame rather than of a member

STRINGS = {"UserPoolId": "us-east-1_none", "ClientId": "none", "AccessToken": "a.b.c", "Token": "a.b.c",
           "RefreshToken": "a.b.c", "UserCode": "123456", "Domain": "none"}


def good(shape, name=""):
    """A value that breaks no constraint, with the required members only."""
    kind = shape.type_name
    if kind == "structure":
        return {key: good(shape.members[key], key) for key in shape.required_members}
    if kind == "list":
        return [good(shape.member)] * shape.metadata.get("min", 0)
    if kind == "map":
        return {}
    if kind in ("integer", "long"):
        return shape.metadata.get("min", 1)
    if kind == "boolean":
        return True
    if getattr(shape, "enum", None):
        return shape.enum[0]
    return STRINGS.get(name) or ("{####}" + "a" * 200)[-shape.metadata.get("min", 1):]


def text(length):
    return "a" * length


def breaks(shape):
    """(a value that breaks one constraint, the words for it)"""
    limits, kind = shape.metadata, shape.type_name
    if kind == "string" and shape.enum:
        yield "nothing of it", "Member must satisfy enum value set: ["
    elif kind == "string":
        if 0 < limits.get("max", 0) < LONGEST:
            yield text(limits["max"] + 1), "Member must have length less than or equal to %d" % limits["max"]
        if limits.get("min", 0) > 0:
            yield text(limits["min"] - 1), "Member must have length greater than or equal to %d" % limits["min"]
    elif kind == "integer":
        if "max" in limits:
            yield limits["max"] + 1, "Member must have value less than or equal to %d" % limits["max"]
        if "min" in limits:
            yield limits["min"] - 1, "Member must have value greater than or equal to %d" % limits["min"]


def spots(shape, path="", depth=0):
    """(path as the service writes it, shape of the member, a function that puts a value there)"""
    for name, member in shape.members.items():
        here = path + name[0].lower() + name[1:]
        put = (lambda key: lambda body, value: body.__setitem__(key, value))(name)
        if member.type_name == "structure" and depth < DEPTH:
            for where, inner, put_inner in spots(member, here + ".", depth + 1):
                yield where, inner, nested(name, member, put_inner)
        elif member.type_name == "list" and member.member.type_name == "structure" and depth < DEPTH:
            for where, inner, put_inner in spots(member.member, here + ".1.member.", depth + 1):
                yield where, inner, nested_in_list(name, member.member, put_inner)
        elif member.type_name == "list":
            yield here, member.member, (lambda key: lambda body, value: body.__setitem__(key, [value]))(name)
        else:
            yield here, member, put


def nested(name, shape, put):
    def put_nested(body, value):
        inner = body.get(name) or good(shape)
        put(inner, value)
        body[name] = inner
    return put_nested


def nested_in_list(name, shape, put):
    def put_nested(body, value):
        inner = good(shape)
        put(inner, value)
        body[name] = [inner]
    return put_nested


@unittest.skipUnless(boto3, "boto3 is not installed")
class Model(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ready = fixture.start()
        cls.api = boto3.client(
            "cognito-idp", endpoint_url=ready["sandbox"]["cognito"], region_name=ready["region"],
            aws_access_key_id=ready["access_key_id"], aws_secret_access_key=ready["secret_access_key"],
            config=botocore.config.Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False))
        cls.addClassCleanup(cls.api.close)

    def refusal(self, operation, body):
        method = next(m for m, o in self.api.meta.method_to_api_mapping.items() if o == operation)
        try:
            getattr(self.api, method)(**body)
        except self.api.exceptions.ClientError as refused:
            return refused.response["Error"]
        return {"Code": "none", "Message": "not refused"}

    def test_constraints(self):
        model, seen = self.api.meta.service_model, 0
        for operation in model.operation_names:
            shape = model.operation_model(operation).input_shape
            if not shape or self.refusal(operation, good(shape))["Code"] == "UnknownOperationException":
                continue
            for path, member, put in spots(shape):
                if path.split(".")[0] in OTHERWISE:
                    continue
                for value, words in breaks(member):
                    body = good(shape)
                    put(body, value)
                    error, seen = self.refusal(operation, body), seen + 1
                    with self.subTest(f"{operation} {path}: {words}"):
                        self.assertEqual("InvalidParameterException", error["Code"], error["Message"])
                        self.assertRegex(error["Message"], r"'%s' failed to satisfy constraint: " % path)
                        if (operation, path) not in MOVED:
                            self.assertIn(words, error["Message"])
        self.assertGreater(seen, 300)


if __name__ == "__main__":
    unittest.main()
