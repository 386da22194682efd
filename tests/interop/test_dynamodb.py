# SPDX-License-Identifier: MIT
"""boto3, low and high level, against the sandbox's DynamoDB."""
import sys
import unittest
import uuid
from decimal import Decimal

import fixture

try:
    import boto3
    from boto3.dynamodb.conditions import Attr, Key
    from boto3.dynamodb.types import Binary
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError:
    sys.exit(77)


def arguments():
    ready = fixture.start()
    return dict(endpoint_url=fixture.url("dynamodb"), region_name=ready["region"],
                aws_access_key_id=ready["access_key_id"], aws_secret_access_key=ready["secret_access_key"],
                config=Config(retries={"max_attempts": 1}))


def attribute(name, kind="S"):
    return {"AttributeName": name, "AttributeType": kind}


def schema(*names):
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"))]


class TableTest(unittest.TestCase):
    """A table of its own for each class: pk, sk, an index by email, a local one by age."""

    @classmethod
    def setUpClass(cls):
        cls.client = boto3.client("dynamodb", **arguments())
        cls.resource = boto3.resource("dynamodb", **arguments())
        cls.name = "T" + uuid.uuid4().hex
        cls.client.create_table(
            TableName=cls.name, BillingMode="PAY_PER_REQUEST", KeySchema=schema("pk", "sk"),
            AttributeDefinitions=[attribute("pk"), attribute("sk"), attribute("email"), attribute("age", "N")],
            GlobalSecondaryIndexes=[{"IndexName": "by_email", "KeySchema": schema("email"),
                                     "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]}}],
            LocalSecondaryIndexes=[{"IndexName": "by_age", "KeySchema": schema("pk", "age"),
                                    "Projection": {"ProjectionType": "KEYS_ONLY"}}])
        cls.client.get_waiter("table_exists").wait(TableName=cls.name)
        cls.table = cls.resource.Table(cls.name)

    @classmethod
    def tearDownClass(cls):
        cls.client.delete_table(TableName=cls.name)
        cls.client.get_waiter("table_not_exists").wait(TableName=cls.name)

    def refused(self, code, call, *args, **kwargs):
        with self.assertRaises(ClientError) as caught:
            call(*args, **kwargs)
        self.assertEqual(code, caught.exception.response["Error"]["Code"])
        return caught.exception.response


class Tables(TableTest):
    def test_description(self):
        table = self.client.describe_table(TableName=self.name)["Table"]
        self.assertEqual("ACTIVE", table["TableStatus"])
        self.assertEqual("PAY_PER_REQUEST", table["BillingModeSummary"]["BillingMode"])
        self.assertEqual(["by_email"], [i["IndexName"] for i in table["GlobalSecondaryIndexes"]])
        self.assertEqual(self.table.table_arn, table["TableArn"])

    def test_listing_pages(self):
        names = [name for page in self.client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})
                 for name in page["TableNames"]]
        self.assertIn(self.name, names)
        self.assertEqual(sorted(names), names)

    def test_cannot_be_made_twice(self):
        self.refused("ResourceInUseException", self.client.create_table, TableName=self.name,
                     BillingMode="PAY_PER_REQUEST", KeySchema=schema("pk"), AttributeDefinitions=[attribute("pk")])

    def test_missing(self):
        answer = self.refused("ResourceNotFoundException", self.client.describe_table, TableName="missing")
        self.assertEqual("Requested resource not found: Table: missing not found", answer["Error"]["Message"])
        self.refused("ResourceNotFoundException", self.client.get_item, TableName="missing", Key={"pk": {"S": "x"}})

    def test_time_to_live(self):
        specification = {"Enabled": True, "AttributeName": "ttl"}
        self.client.update_time_to_live(TableName=self.name, TimeToLiveSpecification=specification)
        answer = self.client.describe_time_to_live(TableName=self.name)["TimeToLiveDescription"]
        self.assertEqual({"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}, answer)
        self.refused("ValidationException", self.client.update_time_to_live, TableName=self.name,
                     TimeToLiveSpecification=specification)

    def test_its_endpoint_is_where_it_is(self):
        [endpoint] = self.client.describe_endpoints()["Endpoints"]
        self.assertIn("//%s/" % endpoint["Address"], fixture.url("dynamodb"))

    def test_tags(self):
        arn = self.table.table_arn
        self.client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        self.client.untag_resource(ResourceArn=arn, TagKeys=["a"])
        self.assertEqual([{"Key": "b", "Value": "2"}], self.client.list_tags_of_resource(ResourceArn=arn)["Tags"])

    def test_an_index_made_later_finds_older_items(self):
        self.table.put_item(Item={"pk": "later", "sk": "1", "city": "Oslo"})
        self.client.update_table(
            TableName=self.name, AttributeDefinitions=[attribute("city")],
            GlobalSecondaryIndexUpdates=[{"Create": {"IndexName": "by_city", "KeySchema": schema("city"),
                                                     "Projection": {"ProjectionType": "ALL"}}}])
        found = self.table.query(IndexName="by_city", KeyConditionExpression=Key("city").eq("Oslo"))
        self.assertEqual(["later"], [item["pk"] for item in found["Items"]])
        self.client.update_table(TableName=self.name,
                                 GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by_city"}}])
        self.refused("ValidationException", self.table.query, IndexName="by_city",
                     KeyConditionExpression=Key("city").eq("Oslo"))


class Items(TableTest):
    VALUES = {
        "text": "naïve ☃", "empty": "", "integer": 42, "decimal": Decimal("-0.00012"),
        "large": Decimal("1e37"), "digits": Decimal("12345678901234567890123456789012345678"), "yes": True, "null": None,
        "bytes": Binary(b"\x00\xff"), "list": [1, "a", [], {}], "map": {"a": {"b": [None]}},
        "strings": {"a", "b"}, "numbers": {1, Decimal("2.5")}, "binaries": {Binary(b"a"), Binary(b"b")},
    }

    def test_every_type_comes_back(self):
        for name, value in self.VALUES.items():
            with self.subTest(name):
                self.table.put_item(Item={"pk": "types", "sk": name, "v": value})
                item = self.table.get_item(Key={"pk": "types", "sk": name}, ConsistentRead=True)["Item"]
                self.assertEqual(value, item["v"])

    def test_every_text_comes_back(self):
        for text in ("\0", "a\0b\0", "\x01\x1f\x7f\x85", "\ufeff\u2028\uffff", "\U0001f600\U0010ffff", "\"\\/"):
            with self.subTest(text=text):
                item = {"pk": "text " + text, "sk": text, "v": {text: [text, {text}]}}
                self.table.put_item(Item=item)
                found = self.table.query(KeyConditionExpression=Key("pk").eq(item["pk"]) & Key("sk").begins_with(text))
                self.assertEqual(found["Items"], [item])

    def test_missing_item(self):
        self.assertNotIn("Item", self.table.get_item(Key={"pk": "nobody", "sk": "x"}))

    def test_condition_and_what_stood_in_its_way(self):
        item = {"pk": "once", "sk": "x", "n": 1}
        self.table.put_item(Item=item, ConditionExpression=Attr("pk").not_exists())
        self.refused("ConditionalCheckFailedException", self.table.put_item, Item=item,
                     ConditionExpression=Attr("pk").not_exists())

    def test_update_returns(self):
        key = {"pk": "update", "sk": "x"}
        values = {":one": 1, ":zero": 0, ":tags": {"a"}}
        expression = "SET #n = if_not_exists(#n, :zero) + :one ADD tags :tags"
        for returns, expected in (("ALL_OLD", None), ("UPDATED_NEW", {"name": 2, "tags": {"a"}}),
                                  ("UPDATED_OLD", {"name": 2, "tags": {"a"}}),
                                  ("ALL_NEW", {**key, "name": 4, "tags": {"a"}}), ("NONE", None)):
            answer = self.table.update_item(Key=key, UpdateExpression=expression, ReturnValues=returns,
                                            ExpressionAttributeNames={"#n": "name"}, ExpressionAttributeValues=values)
            self.assertEqual(expected, answer.get("Attributes"), returns)

    def test_delete_returns_the_old_item(self):
        item = {"pk": "gone", "sk": "x", "n": 1}
        self.table.put_item(Item=item)
        self.assertEqual(item, self.table.delete_item(Key={"pk": "gone", "sk": "x"},
                                                      ReturnValues="ALL_OLD")["Attributes"])
        self.assertNotIn("Attributes", self.table.delete_item(Key={"pk": "gone", "sk": "x"}, ReturnValues="ALL_OLD"))

    def test_limits(self):
        big = {"pk": "big", "sk": "x", "v": "x" * 409600}
        self.refused("ValidationException", self.table.put_item, Item=big)
        self.refused("ValidationException", self.table.put_item, Item={"pk": "", "sk": "x"})
        self.refused("ValidationException", self.table.put_item, Item={"pk": "x" * 2049, "sk": "x"})
        self.refused("ValidationException", self.table.put_item, Item={"pk": "x"})
        deep = "x"
        for _ in range(31):
            deep = [deep]
        self.table.put_item(Item={"pk": "deep", "sk": "x", "v": deep})
        self.refused("ValidationException", self.table.put_item, Item={"pk": "deep", "sk": "x", "v": [deep]})


class Queries(TableTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.table.batch_writer() as batch:
            for n in range(60):
                batch.put_item(Item={"pk": "p%d" % (n % 2), "sk": "s%02d" % n, "email": "e%d" % (n % 3), "age": 30 - n,
                                     "name": "n%d" % n, "other": "o"})

    def test_order_and_range(self):
        found = self.table.query(KeyConditionExpression=Key("pk").eq("p0") & Key("sk").between("s10", "s16"),
                                 ScanIndexForward=False)["Items"]
        self.assertEqual(["s16", "s14", "s12", "s10"], [item["sk"] for item in found])
        found = self.table.query(KeyConditionExpression=Key("pk").eq("p1") & Key("sk").begins_with("s5"))["Items"]
        self.assertEqual(["s51", "s53", "s55", "s57", "s59"], [item["sk"] for item in found])

    def test_pages_have_everything_once(self):
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "p0"}},
            PaginationConfig={"PageSize": 7})
        self.assertEqual(["s%02d" % n for n in range(0, 60, 2)],
                         [item["sk"]["S"] for page in pages for item in page["Items"]])

    def test_filter_counts_what_it_left_out(self):
        found = self.table.query(KeyConditionExpression=Key("pk").eq("p0"), FilterExpression=Attr("age").lt(0))
        self.assertEqual((14, 30), (found["Count"], found["ScannedCount"]))

    def test_indexes(self):
        found = self.table.query(IndexName="by_email", KeyConditionExpression=Key("email").eq("e1"))
        self.assertEqual(20, found["Count"])
        self.assertEqual({"pk", "sk", "email", "name"}, set(found["Items"][0]))
        found = self.table.query(IndexName="by_age", KeyConditionExpression=Key("pk").eq("p0") & Key("age").lt(-20))
        self.assertEqual([-28, -26, -24, -22], [item["age"] for item in found["Items"]])

    def test_scan_in_segments(self):
        seen = []
        for segment in range(4):
            pages = self.client.get_paginator("scan").paginate(
                TableName=self.name, Segment=segment, TotalSegments=4, PaginationConfig={"PageSize": 5})
            seen += [item["sk"]["S"] for page in pages for item in page["Items"]]
        self.assertEqual(["s%02d" % n for n in range(60)], sorted(seen))

    def test_scan_filter_and_projection(self):
        found = self.table.scan(FilterExpression=Attr("name").is_in(["n1", "n2"]) & ~Attr("age").eq(29),
                                ProjectionExpression="sk")
        self.assertEqual([{"sk": "s02"}], found["Items"])


class Pages(TableTest):
    def test_a_page_is_a_megabyte(self):
        for n in range(4):
            self.table.put_item(Item={"pk": "large", "sk": str(n), "v": "x" * 390000})
        first = self.table.query(KeyConditionExpression=Key("pk").eq("large"))
        self.assertEqual(3, first["Count"])
        rest = self.table.query(KeyConditionExpression=Key("pk").eq("large"),
                                ExclusiveStartKey=first["LastEvaluatedKey"])
        self.assertEqual((1, False), (rest["Count"], "LastEvaluatedKey" in rest))


class Many(TableTest):
    def test_batches(self):
        with self.table.batch_writer() as batch:
            for n in range(30):
                batch.put_item(Item={"pk": "batch", "sk": str(n)})
            batch.delete_item(Key={"pk": "batch", "sk": "0"})
        keys = [{"pk": "batch", "sk": str(n)} for n in range(30)]
        answer = self.resource.batch_get_item(RequestItems={self.name: {"Keys": keys}})
        self.assertEqual(29, len(answer["Responses"][self.name]))
        self.assertEqual({}, answer["UnprocessedKeys"])
        self.refused("ValidationException", self.resource.batch_get_item,
                     RequestItems={self.name: {"Keys": keys[:1] * 2}})

    def put(self, sk, **more):
        return {"Put": {"TableName": self.name, "Item": {"pk": {"S": "tx"}, "sk": {"S": sk}}, **more}}

    def test_transaction_is_all_or_nothing(self):
        self.client.transact_write_items(TransactItems=[self.put("a"), self.put("b")])
        absent = {"ConditionExpression": "attribute_not_exists(pk)",
                  "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        answer = self.refused("TransactionCanceledException", self.client.transact_write_items,
                              TransactItems=[self.put("c", **absent), self.put("b", **absent)])
        self.assertEqual(["None", "ConditionalCheckFailed"], [r["Code"] for r in answer["CancellationReasons"]])
        self.assertEqual({"pk": {"S": "tx"}, "sk": {"S": "b"}}, answer["CancellationReasons"][1]["Item"])
        gets = [{"Get": {"TableName": self.name, "Key": {"pk": {"S": "tx"}, "sk": {"S": sk}}}} for sk in "abc"]
        found = self.client.transact_get_items(TransactItems=gets)["Responses"]
        self.assertEqual([True, True, False], ["Item" in each for each in found])

    def test_a_token_makes_a_transaction_happen_once(self):
        update = {"Update": {"TableName": self.name, "Key": {"pk": {"S": "tx"}, "sk": {"S": "counter"}},
                             "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}}
        token = str(uuid.uuid4())
        for _ in range(3):
            self.client.transact_write_items(TransactItems=[update], ClientRequestToken=token)
        self.assertEqual(1, self.table.get_item(Key={"pk": "tx", "sk": "counter"})["Item"]["n"])
        self.refused("IdempotentParameterMismatchException", self.client.transact_write_items,
                     TransactItems=[self.put("other")], ClientRequestToken=token)

    def test_one_item_twice(self):
        answer = self.refused("ValidationException", self.client.transact_write_items,
                              TransactItems=[self.put("same"), self.put("same")])
        self.assertEqual("Transaction request cannot include multiple operations on one item",
                         answer["Error"]["Message"])


class Frame(TableTest):
    def test_a_wrong_key_is_not_accepted(self):
        other = boto3.client("dynamodb", **{**arguments(), "aws_secret_access_key": "wrong"})
        self.refused("InvalidSignatureException", other.list_tables)

    def test_consumed_capacity(self):
        used = self.table.put_item(Item={"pk": "c", "sk": "c", "email": "e", "v": "x" * 1500},
                                   ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
        self.assertEqual((3, 2, 1), (used["CapacityUnits"], used["Table"]["CapacityUnits"],
                                     used["GlobalSecondaryIndexes"]["by_email"]["CapacityUnits"]))
        used = self.table.get_item(Key={"pk": "c", "sk": "c"}, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
        self.assertEqual(0.5, used["CapacityUnits"])


def load_tests(loader, _tests, _pattern):
    classes = (Tables, Items, Queries, Pages, Many, Frame)
    return unittest.TestSuite(loader.loadTestsFromTestCase(each) for each in classes)


if __name__ == "__main__":
    unittest.main()
