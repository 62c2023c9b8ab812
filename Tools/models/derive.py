#!/usr/bin/env python3
"""Derives Sources/AWSProtocol/Models/*.swift from the service models of the installed botocore package.

    python3 -m venv /tmp/models && /tmp/models/bin/pip install botocore
    /tmp/models/bin/python Tools/models/derive.py

operations.json beside this file says which operations are served. Kept of them: bindings, shapes, constraints. Of the
operations that are not served only the name and the binding are kept, so that a request for one is answered by its
name. No prose is taken over. Constraints are dropped where only an answer reaches a shape.
"""
import glob
import gzip
import json
import os
import re

import botocore

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.join(HERE, "..", "..", "Sources", "AWSProtocol", "Models")
LOCATIONS = {"uri": "uri", "querystring": "query", "header": "header", "headers": "headers", "statusCode": "status"}
CONSTRAINTS = ("min", "max", "pattern", "enum")
# AWS's messages list these enumerations in another order than its models do: as recorded.
ORDERS = [
    ["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"],
    ["IMMUTABLE", "MUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"],
]


def load(service):
    folder = os.path.join(os.path.dirname(botocore.__file__), "data", service)
    path = sorted(glob.glob(os.path.join(folder, "*", "service-2.json*")))[-1]
    with (gzip.open(path) if path.endswith(".gz") else open(path)) as file:
        return json.load(file)


class Shapes:
    """The shapes that are reached, each once for input (with constraints) and once for output (without)."""

    def __init__(self, model):
        self.source = model["shapes"]
        self.indices = {}
        self.scalars = {}
        self.shapes = []

    def index(self, name, is_input):
        key = (name, is_input)
        if key in self.indices:
            return self.indices[key]
        source = self.source[name]
        if source["type"] in ("structure", "list", "map"):
            self.indices[key] = len(self.shapes)
            self.shapes.append(None)
            self.shapes[self.indices[key]] = self.aggregate(name, source, is_input)
        else:
            shape = self.scalar(source, is_input)
            text = json.dumps(shape, sort_keys=True)
            if text not in self.scalars:
                self.scalars[text] = len(self.shapes)
                self.shapes.append(shape)
            self.indices[key] = self.scalars[text]
        return self.indices[key]

    def scalar(self, source, is_input):
        shape = {"type": source["type"]}
        if is_input:
            shape.update({key: source[key] for key in CONSTRAINTS if key in source})
            shape.update({"enum": order for order in ORDERS if set(order) == set(shape.get("enum", []))})
        if "timestampFormat" in source:
            shape["format"] = source["timestampFormat"]
        return shape

    def aggregate(self, name, source, is_input):
        shape = {"type": source["type"]}
        if is_input:
            shape.update({key: source[key] for key in ("min", "max") if key in source})
        if source.get("flattened"):
            shape["flattened"] = True
        if source["type"] == "list":
            shape["member"] = self.reference(source["member"], is_input)
        elif source["type"] == "map":
            shape["key"] = self.reference(source["key"], is_input)
            shape["value"] = self.reference(source["value"], is_input)
        else:
            shape["name"] = source.get("locationName", name)
            shape["members"] = {k: self.reference(v, is_input) for k, v in source["members"].items()}
            if is_input and source.get("required"):
                shape["required"] = source["required"]
            for key in ("payload", "union"):
                if source.get(key):
                    shape[key] = source[key]
            if "xmlNamespace" in source:
                shape["namespace"] = namespace(source["xmlNamespace"])
        return shape

    def reference(self, source, is_input):
        index = self.index(source["shape"], is_input)
        traits = {}
        if "location" in source:
            traits["in"] = LOCATIONS[source["location"]]
        if "locationName" in source:
            traits["as"] = source["locationName"]
        if "xmlNamespace" in source:
            traits["namespace"] = namespace(source["xmlNamespace"])
        for key in ("flattened", "xmlAttribute", "jsonvalue", "idempotencyToken"):
            if source.get(key) and (is_input or key != "idempotencyToken"):
                traits[key] = True
        if "timestampFormat" in source:
            traits["format"] = source["timestampFormat"]
        return dict(shape=index, **traits) if traits else index


def namespace(value):
    if isinstance(value, str):
        return value
    return value["uri"] if "prefix" not in value else [value["uri"], value["prefix"]]


def binding(model, operation):
    """What a request must have: method, URI, required query members, required headers."""
    http = operation["http"]
    found = {"method": http["method"], "uri": http["requestUri"]}
    shape = model["shapes"].get(operation.get("input", {}).get("shape"), {})
    for name in shape.get("required", []):
        member = shape["members"][name]
        if member.get("location") == "querystring":
            found.setdefault("query", []).append(member["locationName"])
        elif member.get("location") == "header":
            found.setdefault("header", []).append(member["locationName"])
    return found


def derive(signing_name, entry):
    model = load(entry["botocore"])
    metadata = dict(model["metadata"], **{key: entry[key] for key in ("protocol",) if key in entry})
    is_rest = metadata["protocol"].startswith("rest")
    shapes = Shapes(model)
    operations, unserved = {}, {}
    for name in entry["operations"]:
        operation = model["operations"][name]
        facts = binding(model, operation) if is_rest else {}
        if operation["http"].get("responseCode", 200) != 200:
            facts["status"] = operation["http"]["responseCode"]
        if "input" in operation:
            facts["input"] = shapes.index(operation["input"]["shape"], True)
            if "locationName" in operation["input"]:
                facts["inputName"] = operation["input"]["locationName"]
        if "output" in operation:
            facts["output"] = shapes.index(operation["output"]["shape"], False)
            if "resultWrapper" in operation["output"]:
                facts["resultWrapper"] = operation["output"]["resultWrapper"]
        if name in entry.get("roots", {}):
            facts["root"] = entry["roots"][name]
        operations[name] = facts
    for name, operation in model["operations"].items():
        if name not in operations:
            unserved[name] = binding(model, operation) if is_rest else {}
    errors = {}
    for name in entry["operations"]:
        for error in model["operations"][name].get("errors", []):
            shape = model["shapes"][error["shape"]]
            traits = shape.get("error", {})
            status = traits.get("httpStatusCode", 500 if shape.get("fault") else 400)
            names = {member.lower(): member for member in shape["members"]}
            facts = [status, names.get("message", "message")]
            code = traits.get("code", error["shape"])
            is_renamed = "awsQueryCompatible" in metadata and code != error["shape"]
            facts += [True] if "Type" in shape["members"] else [False] if is_renamed else []
            errors[code] = facts + ([error["shape"]] if is_renamed else [])
    document = {
        "signingName": signing_name,
        "serviceID": metadata["serviceId"],
        "endpointPrefix": metadata["endpointPrefix"],
        "apiVersion": metadata["apiVersion"],
        "protocol": metadata["protocol"],
    }
    if "awsQueryCompatible" in metadata:
        document["isQueryCompatible"] = True
    for key in ("jsonVersion", "targetPrefix"):
        if key in metadata:
            document[key] = metadata[key]
    if "xmlNamespace" in entry or "xmlNamespace" in metadata:
        document["xmlNamespace"] = entry.get("xmlNamespace") or metadata["xmlNamespace"]
    document.update(operations=operations, unserved=unserved, errors=errors, shapes=shapes.shapes)
    return document


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def literal(document):
    """The document with a line an operation, an error and a shape, so that changes can be read."""
    lines = []
    for key, value in document.items():
        if isinstance(value, dict):
            entries = [f"{compact(k)}:{compact(v)}" for k, v in value.items()]
            lines.append(f"{compact(key)}:{{\n" + ",\n".join(entries) + "\n}")
        elif isinstance(value, list):
            lines.append(f"{compact(key)}:[\n" + ",\n".join(map(compact, value)) + "\n]")
        else:
            lines.append(f"{compact(key)}:{compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}"


def main():
    with open(os.path.join(HERE, "operations.json")) as file:
        entries = json.load(file)
    for signing_name, entry in entries.items():
        text = literal(derive(signing_name, entry))
        assert '"""###' not in text
        name = re.sub("Model$", "", entry["type"])
        source = (
            f"// Derived from botocore {botocore.__version__} by Tools/models/derive.py; do not edit.\n"
            "// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.\n\n"
            "// swift-format-ignore-file\n\n"
            "extension ServiceModels {\n"
            f"    /// {name}: the operations served, their shapes and bindings.\n"
            f'    static let {entry["type"].removesuffix("Model").lower()}: StaticString = ###"""\n'
            f'{text}\n"""###\n}}\n'
        )
        path = os.path.join(TARGET, f'{entry["type"]}.swift')
        with open(path, "w") as file:
            file.write(source)
        print(f"{entry['type']}: {len(entry['operations'])} operations, {len(text) // 1024} KB")


if __name__ == "__main__":
    main()
