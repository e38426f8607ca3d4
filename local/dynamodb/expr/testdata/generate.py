"""Writes moto.json: what moto, an independent implementation, makes of expressions.

Run in this folder with moto 5.2.1 and boto3 installed: python3 generate.py
Each case has a use (condition, key, update, projection), an item, an expression with
its names and values, and what came out: true or false, an item, or an error's text.
"""
import json
import os

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

for k in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
    os.environ[k] = "test"

KINDS = {
    "s": {"S": "m"}, "n": {"N": "5"}, "b": {"B": "bQ=="}, "yes": {"BOOL": True}, "nil": {"NULL": True},
    "ss": {"SS": ["a", "m"]}, "ns": {"NS": ["1", "5"]}, "l": {"L": [{"S": "m"}, {"N": "5"}]}, "doc": {"M": {"x": {"N": "5"}, "y": {"S": "m"}}},
}
VALUES = {**KINDS, "less": {"S": "a"}, "more": {"N": "5.5"}, "same": {"N": "5.0"}, "part": {"S": ""}}
ITEM = {"pk": {"S": "k"}, "sk": {"S": "m"}, **{"q" + k: v for k, v in KINDS.items()}}


def cases():
    for attribute in [*("q" + k for k in KINDS), "missing"]:
        for value in VALUES:
            for op in ("=", "<>", "<", "<=", ">", ">="):
                if op in ("=", "<>") or VALUES[value].keys() & {"S", "N", "B"}:
                    yield "condition", f"{attribute} {op} :{value}"
            yield "condition", f"contains({attribute}, :{value})"
            if VALUES[value].keys() & {"S", "B"}:
                yield "condition", f"begins_with({attribute}, :{value})"
        for f in ("attribute_exists", "attribute_not_exists"):
            yield "condition", f"{f}({attribute})"
        yield "condition", f"size({attribute}) > :one"
        yield "condition", f"{attribute} BETWEEN :less AND :s"
        yield "condition", f"{attribute} IN (:n, :s, :yes)"
        for kind in ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "L", "M"):
            yield "condition", f"attribute_type({attribute}, :{kind})"
        yield "projection", f"{attribute}, pk"
        yield "update", f"SET {attribute} = :n"
        yield "update", f"REMOVE {attribute}"
        yield "update", f"SET z = {attribute}"
        yield "update", f"SET z = if_not_exists({attribute}, :n)"
        yield "update", f"SET z = {attribute} + :n"
        yield "update", f"SET z = list_append({attribute}, :l)"
        for value in ("n", "ss", "ns"):
            yield "update", f"ADD {attribute} :{value}"
        for value in ("ss", "ns"):
            yield "update", f"DELETE {attribute} :{value}"
    t, f = "attribute_exists(pk)", "attribute_exists(missing)"
    for x in (t, f):
        for y in (t, f):
            for z in (t, f):
                for e in ("{} AND {} OR {}", "{} OR {} AND {}", "NOT {} AND {} OR {}", "NOT ({} OR {}) AND {}", "({} OR {}) AND {}", "NOT {} OR NOT {} AND {}"):
                    yield "condition", e.format(x, y, z)
    yield from (("condition", e) for e in (
        "qdoc.x = :n", "qdoc.y = ql[0]", "ql[1] = :n", "ql[9] = :n", "qdoc.x.y = :n", "#doc.#x < :more", "size(ql) = :two", "size(qdoc) = size(ql)",
        "qdoc.x BETWEEN :one AND :n", ":n = qn", ":n BETWEEN :one AND qn", "qn in (:one, :n)", "not qn = :one", "data = :n", "qn = :unknown", "#unknown = :n",
        "qn == :n", "qn = ", "qn :n", "(qn = :n", "qn = :n)", "qn = :n AND", "foo(qn)", "size(qn)", "qn"))
    yield from (("key", e) for e in (
        "pk = :k", "pk = :k AND sk = :s", "pk = :k AND sk < :s", "pk = :k AND sk <= :s", "pk = :k AND sk > :less", "pk = :k AND sk >= :s",
        "pk = :k AND sk BETWEEN :less AND :s", "pk = :k AND begins_with(sk, :s)", "sk = :s AND pk = :k", "(pk = :k) AND (sk = :s)", "pk = :s", "#pk = :k"))
    yield from (("projection", e) for e in (
        "qdoc.x", "ql[1]", "ql[0], ql[1]", "qdoc.x, qdoc.y", "qdoc.z", "ql[7]", "qdoc.x, ql[0], qn", "#doc.#x", "data", "qdoc, qdoc.x", "qn, qn", "", "qn,", "#unknown"))
    yield from (("update", e) for e in (
        "SET qdoc.x = :s", "SET qdoc.z = :s", "SET ql[0] = :n", "SET ql[7] = :n", "REMOVE ql[0]", "REMOVE ql[1], qdoc.x", "SET qn = qn - :one", "SET qn = :one - qn",
        "SET z = qn + qn", "SET z = list_append(:l, ql)", "SET z = list_append(ql, ql)", "SET z = list_append(if_not_exists(q, :l), :l)",
        "SET qn = if_not_exists(qn, :zero) + :one", "SET qn = if_not_exists(cn, :zero) + :one", "SET p = qn, qn = :one", "SET p = :n REMOVE qn ADD qns :ns DELETE qss :ss",
        "ADD q :n", "ADD q :ss", "set qn = :one", "SET qdoc.q.r = :n", "SET q.r = :n", "REMOVE q.r", "SET ql.x = :n", "SET qn[0] = :n", "SET qn = :one, qn = :n",
        "SET qdoc = :n, qdoc.x = :n", "SET qn = :one SET z = :n", "SET pk = :s", "SET data = :n", "SET qn = :unknown", "SET #unknown = :n", "SET qn :n", "SET", "qn = :n",
        "SET qn = :n,", "SET qn = qn + :s", "ADD qn :s", "DELETE qn :s", "SET qn = foo(:n)", "SET qn = :n + :n + :n", "REMOVE qn qn"))


GIVEN = {":" + k: v for k, v in VALUES.items()} | {":" + k: {"S": k} for k in ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "L", "M")}
GIVEN |= {":one": {"N": "1"}, ":two": {"N": "2"}, ":zero": {"N": "0"}, ":k": {"S": "k"}}
NAMES = {"#doc": "qdoc", "#x": "x", "#pk": "pk"}


def used(table, expression):
    tokens = "".join(c if c.isalnum() or c in "#:_" else " " for c in expression).split()
    return {t: table[t] for t in tokens if t in table}


def ask(client, use, expression, names, values):
    common = {"TableName": "t"}
    if names:
        common["ExpressionAttributeNames"] = names
    if values:
        common["ExpressionAttributeValues"] = values
    key = {"pk": ITEM["pk"], "sk": ITEM["sk"]}
    try:
        if use == "condition":
            client.put_item(Item=ITEM, ConditionExpression=expression, **common)
            return True
        if use == "key":
            return bool(client.query(KeyConditionExpression=expression, **common)["Items"])
        if use == "projection":
            return client.get_item(Key=key, ProjectionExpression=expression, **common).get("Item", {})
        return client.update_item(Key=key, UpdateExpression=expression, ReturnValues="ALL_NEW", **common)["Attributes"]
    except ClientError as e:
        if e.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        return {"error": e.response["Error"]["Message"]}
    except Exception as e:  # moto fell over: no opinion
        return {"fell over": type(e).__name__}


def to_boto(v):
    """Binary members are base64 in the case, bytes for boto3."""
    (kind, x), = v.items()
    return {kind: b"m"} if kind == "B" else v


def sorted_sets(v):
    if isinstance(v, dict):
        return {k: sorted(x) if k in ("SS", "NS") else sorted_sets(x) for k, x in v.items()}
    if isinstance(v, list):
        return [sorted_sets(x) for x in v]
    return "bQ==" if v == b"m" else v


@mock_aws
def main():
    global ITEM
    wire = ITEM
    ITEM = {k: to_boto(v) for k, v in ITEM.items()}
    client = boto3.client("dynamodb", region_name="us-east-1")
    client.create_table(
        TableName="t", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
    out = []
    for use, expression in cases():
        client.put_item(TableName="t", Item=ITEM)
        names, values = used(NAMES, expression), used(GIVEN, expression)
        got = ask(client, use, expression, names, {k: to_boto(v) for k, v in values.items()})
        if isinstance(got, dict) and "fell over" in got:
            continue
        out.append({"use": use, "expression": expression, "names": names, "values": values, "got": sorted_sets(got)})
    with open("moto.json", "w") as f:
        f.write('{"item": ' + json.dumps(wire, sort_keys=True) + ', "cases": [\n')
        f.write(",\n".join(json.dumps(c, sort_keys=True) for c in out) + "\n]}\n")


main()
