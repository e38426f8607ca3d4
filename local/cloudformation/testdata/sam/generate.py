"""Writes <name>.golden.json beside each <name>.yaml here: what aws-sam-translator makes of it.

    pip install aws-sam-translator==1.110.0 && AWS_DEFAULT_REGION=us-east-1 python3 generate.py
"""

import json
import pathlib

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

MANAGED = {name.rsplit("/")[-1]: "arn:aws:iam::aws:policy/" + name for name in [
    "service-role/AWSLambdaBasicExecutionRole", "service-role/AWSLambdaSQSQueueExecutionRole",
    "service-role/AWSLambdaDynamoDBExecutionRole", "service-role/AWSLambdaRole", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess",
]}


class Policies:
    """What the translator asks IAM for: ARNs of managed policies by name."""

    def load(self):
        return MANAGED


def packaged(template):
    """Local paths as `sam package` leaves them: in S3."""
    for resource in template["Resources"].values():
        for key in ("CodeUri", "DefinitionUri"):
            path = resource.get("Properties", {}).get(key)
            if path:
                resource["Properties"][key] = "s3://packaged/" + path
    return template


for source in sorted(pathlib.Path(__file__).parent.glob("*.yaml")):
    made = transform(packaged(yaml_parse(source.read_text())), {}, Policies())
    text = json.dumps(made["Resources"], indent=1, sort_keys=True)
    source.with_suffix(".golden.json").write_text(text + "\n")
