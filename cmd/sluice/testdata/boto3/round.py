"""A round through local AWS with boto3: paginators, waiters and errors.

It runs after one object has become a training run and a promoted rollout. Every
line that says "same" compares what boto3 parsed with what must be there.
"""

import json
import os
import re
import sys

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

ACCOUNT = "111122223333"
TABLE = os.environ["TABLE"]
wrong = []


def same(what, got, want):
    if got != want:
        wrong.append(f"{what}: got {got!r}, want {want!r}")


def refused(what, code, call, **arguments):
    try:
        call(**arguments)
        wrong.append(f"{what}: no error, want {code}")
    except ClientError as e:
        same(what, e.response["Error"]["Code"], code)


def pages(client, operation, key, **arguments):
    """Everything in all pages, and the number of pages."""
    found, count = [], 0
    for page in client.get_paginator(operation).paginate(**arguments):
        found += page.get(key, [])
        count += 1
    return found, count


def dynamodb():
    client, table = boto3.client("dynamodb"), boto3.resource("dynamodb").Table(TABLE)
    client.get_waiter("table_exists").wait(TableName=TABLE)
    items, count = pages(client, "scan", "Items", TableName=TABLE, PaginationConfig={"PageSize": 5})
    same("scan is paged", count > 3, True)
    same("scan counts", len(items), client.scan(TableName=TABLE, Select="COUNT")["Count"])
    looks = table.query(
        KeyConditionExpression=Key("pk").eq("ROLLOUT#churn-v2") & Key("sk").begins_with("HISTORY#"),
        FilterExpression=Attr("kind").eq("end"),
    )["Items"]
    same("query with conditions", [i["text"].split(":")[0] for i in looks], ["promoted"])
    table.put_item(Item={"pk": "TEST", "sk": "a", "n": 1, "set": {"x", "y"}, "deep": {"list": [1, "two", None, True]}})
    table.update_item(
        Key={"pk": "TEST", "sk": "a"},
        UpdateExpression="ADD n :one SET #d.#l[1] = :v",
        ExpressionAttributeNames={"#d": "deep", "#l": "list"},
        ExpressionAttributeValues={":one": 1, ":v": "zwei"},
    )
    item = table.get_item(Key={"pk": "TEST", "sk": "a"})["Item"]
    same("types go round", (item["n"], item["set"], item["deep"]["list"]), (2, {"x", "y"}, [1, "zwei", None, True]))
    refused("a condition that fails", "ConditionalCheckFailedException", table.put_item,
            Item={"pk": "TEST", "sk": "a"}, ConditionExpression=Attr("pk").not_exists())
    refused("no table", "ResourceNotFoundException", client.describe_table, TableName="nope")
    table.delete_item(Key={"pk": "TEST", "sk": "a"})


def s3():
    client = boto3.client("s3")
    client.create_bucket(Bucket="boto3-bucket")
    client.get_waiter("bucket_exists").wait(Bucket="boto3-bucket")
    for i in range(7):
        client.put_object(Bucket="boto3-bucket", Key=f"a/{i}", Body=b"x" * i, Metadata={"number": str(i)})
    client.get_waiter("object_exists").wait(Bucket="boto3-bucket", Key="a/6")
    found, count = pages(client, "list_objects_v2", "Contents", Bucket="boto3-bucket", Prefix="a/", PaginationConfig={"PageSize": 3})
    same("objects", ([o["Size"] for o in found], count), ([0, 1, 2, 3, 4, 5, 6], 3))
    got = client.get_object(Bucket="boto3-bucket", Key="a/3", Range="bytes=1-")
    same("a range", (got["Body"].read(), got["Metadata"], got["ContentRange"]), (b"xx", {"number": "3"}, "bytes 1-2/3"))
    client.delete_objects(Bucket="boto3-bucket", Delete={"Objects": [{"Key": f"a/{i}"} for i in range(7)]})
    client.delete_bucket(Bucket="boto3-bucket")
    refused("no key", "NoSuchKey", client.get_object, Bucket="acme-features", Key="nope")
    refused("no bucket", "NoSuchBucket", client.list_objects_v2, Bucket="nope")
    refused("what is not done", "NotImplemented", client.get_bucket_website, Bucket="acme-features")


def states():
    client = boto3.client("stepfunctions")
    machines, _ = pages(client, "list_state_machines", "stateMachines", PaginationConfig={"PageSize": 1})
    same("machines", sorted(m["name"] for m in machines), ["sluice-rollout", "sluice-training"])
    arn = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:sluice-rollout:churn-v2"
    events, count = pages(client, "get_execution_history", "events", executionArn=arn, PaginationConfig={"PageSize": 50})
    same("history", (events[0]["type"], events[-1]["type"], count > 1), ("ExecutionStarted", "ExecutionSucceeded", True))
    same("ids", [e["id"] for e in events], list(range(1, len(events) + 1)))
    done = client.describe_execution(executionArn=arn)
    same("times", done["stopDate"] > done["startDate"], True)
    try:
        client.describe_execution(executionArn=arn + "x")
        wrong.append("an execution that is not there was described")
    except client.exceptions.ExecutionDoesNotExist:
        pass


def sagemaker():
    client = boto3.client("sagemaker")
    client.get_waiter("endpoint_in_service").wait(EndpointName="churn-prod")
    variants = client.describe_endpoint(EndpointName="churn-prod")["ProductionVariants"]
    same("variants", [(v["VariantName"], v["CurrentWeight"]) for v in variants], [("churn-v2", 100.0)])
    packages, _ = pages(client, "list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName="churn", PaginationConfig={"PageSize": 1})
    same("packages", [(p["ModelPackageVersion"], p["ModelApprovalStatus"]) for p in packages], [(1, "Approved"), (2, "Approved")])
    runs, _ = pages(client, "list_pipeline_executions", "PipelineExecutionSummaries", PipelineName="churn-training")
    same("runs", [r["PipelineExecutionStatus"] for r in runs], ["Succeeded"])
    steps, _ = pages(client, "list_pipeline_execution_steps", "PipelineExecutionSteps", PipelineExecutionArn=runs[0]["PipelineExecutionArn"])
    same("steps", {s["StepStatus"] for s in steps}, {"Succeeded"})
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(EndpointName="churn-prod", ContentType="text/csv", Body=b"1,2,3")
    same("who answers", (answer["InvokedProductionVariant"], "prediction" in json.load(answer["Body"])), ("churn-v2", True))
    refused("no endpoint", "ValidationException", client.describe_endpoint, EndpointName="nope")


def cloudwatch():
    client = boto3.client("cloudwatch")
    client.get_waiter("alarm_exists").wait(AlarmNames=["churn-5xx"])
    alarms, count = pages(client, "describe_alarms", "MetricAlarms", PaginationConfig={"PageSize": 2})
    same("alarms", ([a["StateValue"] for a in alarms if a["AlarmName"] == "churn-5xx"], count), (["OK"], (len(alarms) + 1) // 2))
    client.put_metric_data(Namespace="Test", MetricData=[{"MetricName": "M", "Value": 1.5, "Unit": "Seconds"}])
    end = boto3.client("sagemaker").describe_endpoint(EndpointName="churn-prod")["LastModifiedTime"]
    got, _ = pages(client, "get_metric_data", "MetricDataResults",
                   StartTime=end.timestamp() - 7200, EndTime=end.timestamp() - 3600, ScanBy="TimestampAscending",
                   MetricDataQueries=[
                       {"Id": "all", "Expression": "SUM(METRICS())", "Label": "requests"},
                       {"Id": "v1", "ReturnData": False, "MetricStat": {"Period": 600, "Stat": "Sum", "Metric": {
                           "Namespace": "AWS/SageMaker", "MetricName": "Invocations",
                           "Dimensions": [{"Name": "EndpointName", "Value": "churn-prod"}, {"Name": "VariantName", "Value": "churn-v1"}]}}},
                   ])
    same("metrics", [(r["Id"], r["Label"], len(r["Values"]) >= 5, sorted(r["Timestamps"]) == r["Timestamps"]) for r in got], [("all", "requests", True, True)])
    refused("a statistic that is none", "InvalidParameterValue", client.get_metric_statistics,
            Namespace="Test", MetricName="M", StartTime=0, EndTime=3600, Period=61, Statistics=["Sum"])


def messages():
    sqs, sns, events, logs = (boto3.client(n) for n in ("sqs", "sns", "events", "logs"))
    url = sqs.create_queue(QueueName="boto3-queue", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    same("the URL is here", url.startswith(os.environ["AWS_ENDPOINT_URL"]), True)
    sqs.send_message(QueueUrl=url, MessageBody="hallo", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    got = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["All"])["Messages"]
    same("message", [(m["Body"], m["MessageAttributes"]["a"]["StringValue"], m["Attributes"]["ApproximateReceiveCount"]) for m in got], [("hallo", "b", "1")])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])
    queues, _ = pages(sqs, "list_queues", "QueueUrls", PaginationConfig={"PageSize": 1})
    same("queues", len(queues), 6)
    sqs.delete_queue(QueueUrl=url)
    refused("no queue", "AWS.SimpleQueueService.NonExistentQueue", sqs.send_message, QueueUrl=url, MessageBody="x")
    try:
        sqs.get_queue_url(QueueName="nope")
        wrong.append("a queue that is not there has a URL")
    except sqs.exceptions.QueueDoesNotExist:
        pass
    topics, _ = pages(sns, "list_topics", "Topics")
    same("topics", [bool(re.search(":sluice-Reports-", t["TopicArn"])) for t in topics], [True])
    same("published", len(sns.publish(TopicArn=topics[0]["TopicArn"], Subject="s", Message="m")["MessageId"]), 36)
    refused("no topic", "NotFound", sns.publish, TopicArn=topics[0]["TopicArn"] + "x", Message="m")
    rules, _ = pages(events, "list_rules", "Rules", PaginationConfig={"PageSize": 2})
    same("rules", all(r["State"] == "ENABLED" for r in rules) and len(rules) >= 6, True)
    put = events.put_events(Entries=[{"Source": "my.app", "DetailType": "x", "Detail": "{}"}, {"Source": "my.app", "DetailType": "x", "Detail": "no JSON"}])
    same("entries", (put["FailedEntryCount"], [e.get("ErrorCode") for e in put["Entries"]]), (1, [None, "MalformedDetail"]))
    lines, _ = pages(logs, "filter_log_events", "events", logGroupName="/sluice/sluice", filterPattern='"report-rollout"', PaginationConfig={"PageSize": 1})
    same("logs", [json.loads(e["message"])["function"] for e in lines], ["report-rollout"])


def functions():
    client, iam = boto3.client("lambda"), boto3.client("iam")
    found, _ = pages(client, "list_functions", "Functions", PaginationConfig={"PageSize": 5})
    names = {f["FunctionName"].split("-")[1]: f["FunctionName"] for f in found}
    name = names["OnSignalFunction"]
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    got = client.invoke(FunctionName=name, Payload=b"{}")
    same("a function's error", (got["FunctionError"], json.load(got["Payload"])["errorType"]), ("Unhandled", "Invalid"))
    same("dry run", client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"], 204)
    refused("no function", "ResourceNotFoundException", client.invoke, FunctionName="nope", Payload=b"{}")
    role = client.get_function(FunctionName=name)["Configuration"]["Role"].split("/")[-1]
    policies, _ = pages(iam, "list_role_policies", "PolicyNames", RoleName=role)
    document = iam.get_role_policy(RoleName=role, PolicyName=policies[0])["PolicyDocument"]
    same("its policy", {s["Effect"] for s in document["Statement"]}, {"Allow"})
    roles, _ = pages(iam, "list_roles", "Roles")
    same("roles", role in [r["RoleName"] for r in roles], True)
    refused("no role", "NoSuchEntity", iam.get_role, RoleName="nope")
    sts = boto3.client("sts")
    same("who", sts.get_caller_identity()["Account"], ACCOUNT)
    refused("no service", "NotImplemented", boto3.client("ec2").describe_instances)


for part in (dynamodb, s3, states, sagemaker, cloudwatch, messages, functions):
    try:
        part()
    except Exception as e:  # the next part may still work
        wrong.append(f"{part.__name__}: {type(e).__name__}: {e}")
for line in wrong:
    print(line)
sys.exit(bool(wrong))
