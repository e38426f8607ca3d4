"""Runs AWS's own translator of SAM over a template, as CloudFormation will.

    python3 .ci/translate.py template.yaml
"""

import logging
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # it forms ARNs; nothing is called
logging.disable(logging.WARNING)  # it warns of each switch of AWS's own that is not set here

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

MANAGED = [
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaRole",
    "service-role/AWSLambdaSQSQueueExecutionRole",
    "service-role/AWSLambdaDynamoDBExecutionRole",
    "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess",
]


class ManagedPolicies:
    """What the translator else asks IAM for: the ARN of each managed policy."""

    def load(self):
        return {name.rsplit("/")[-1]: "arn:aws:iam::aws:policy/" + name for name in MANAGED}


def packaged(template):
    """The template as `sam package` leaves it: what it names locally is in S3."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for key in ("CodeUri", "DefinitionUri"):
            if key in properties:
                properties[key] = "s3://packaged/" + properties[key]
    return template


def main(path):
    with open(path, encoding="utf-8") as source:
        template = packaged(yaml_parse(source.read()))
    written = len(template["Resources"])
    try:
        made = transform(template, {}, ManagedPolicies())
    except InvalidDocumentException as refused:
        for cause in refused.causes:
            print(f"{path}: {cause.message}", file=sys.stderr)
        return 1
    print(f"{path}: {written} resources become {len(made['Resources'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
