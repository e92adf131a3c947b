"""The calls that Terraform's AWS provider makes to create, read, change and remove IAM resources, replayed with botocore.

`terraform/calls.json` has them, resource by resource: the call, what it is given, and what the provider looks at in the answer.
Every answer must have what botocore's model says it always has. Not here: Terraform itself.
"""

import json

import pytest
from harness import CONFORMANCE
from identity import client, name

RESOURCES = {each["resource"]: each["calls"] for each in json.loads((CONFORMANCE / "terraform/calls.json").read_text())}


def filled(value, names):
    if isinstance(value, str):
        # A policy document has braces of its own.
        for key, text in names.items():
            value = value.replace("{" + key + "}", text)
        return value
    if isinstance(value, dict):
        return {key: filled(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, names) for each in value]
    return value


def found(answer, path):
    for step in path.split("."):
        answer = answer[int(step)] if step.isdigit() else answer[step]
    return answer


def check_required(shape, value, where):
    if shape.type_name == "structure":
        missing = [each for each in shape.required_members if each not in value]
        assert not missing, f"{where} lacks {missing}"
        for member, each in value.items():
            if member in shape.members:
                check_required(shape.members[member], each, f"{where}.{member}")
    elif shape.type_name == "list":
        for number, each in enumerate(value):
            check_required(shape.member, each, f"{where}[{number}]")


@pytest.mark.parametrize("resource", RESOURCES)
def boto3_terraform_resource_is_created_read_changed_and_removed(server, resource):
    services = {"iam": client(server, "iam"), "sts": client(server, "sts")}
    names = {"name": name("terraform")}
    for each in RESOURCES[resource]:
        service, _, operation = each["call"].rpartition(".")
        this = services[service or "iam"]
        call, arguments = getattr(this, operation), filled(each["with"], names)
        if "error" in each:
            with pytest.raises(this.exceptions.ClientError) as caught:
                call(**arguments)
            assert caught.value.response["Error"]["Code"] == each["error"], f"{operation}: {caught.value}"
            continue
        answer = call(**arguments)
        model = this.meta.service_model.operation_model(this.meta.method_to_api_mapping[operation])
        if model.output_shape:
            check_required(model.output_shape, answer, operation)
        for path, expected in filled(each.get("says", {}), names).items():
            assert found(answer, path) == expected, f"{operation}: {path} of {answer}"
        names |= {key: found(answer, path) for key, path in each.get("keep", {}).items()}
