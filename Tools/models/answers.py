#!/usr/bin/env python3
"""Derives Sources/AWSProtocol/Answers/Texts/*.swift from the service models of the installed botocore package.

answers.json beside this file says of which services, by their SDK ids, and of which operations where it is not all. Kept
of them: the answers' shapes, to hold made-up answers against. Each shape has a line: a structure is an object of its
members (`!` after those that every answer has), a list or a map an array, a scalar a text: empty for texts, blobs and
moments, `#` for numbers, `?` for truth values, `*` for anything, else the values that it may have, with bars between.
"""
import json
import os

import botocore

from derive import HERE, compact, literal, load

TARGET = os.path.join(HERE, "..", "..", "Sources", "AWSProtocol", "Answers", "Texts")
NUMBERS = ("integer", "long", "short", "float", "double", "bigdecimal")


class Answers:
    def __init__(self, model):
        self.source, self.places, self.scalars, self.shapes = model["shapes"], {}, {}, []

    def place(self, name):
        if name in self.places:
            return self.places[name]
        shape = self.source[name]
        if shape["type"] in ("structure", "list", "map") and not shape.get("document"):
            place = self.places[name] = len(self.shapes)
            self.shapes.append(None)
            self.shapes[place] = self.aggregate(shape)
            return place
        text = self.scalar(shape)
        if text not in self.scalars:
            self.scalars[text] = len(self.shapes)
            self.shapes.append(text)
        self.places[name] = self.scalars[text]
        return self.scalars[text]

    def aggregate(self, shape):
        if shape["type"] == "list":
            return ["list", self.place(shape["member"]["shape"])]
        if shape["type"] == "map":
            return ["map", self.place(shape["value"]["shape"])]
        required = shape.get("required", [])
        return {
            member[0].upper() + member[1:] + ("!" if member in required else ""): self.place(value["shape"])
            for member, value in shape["members"].items()
        }

    @staticmethod
    def scalar(shape):
        if shape.get("document"):
            return "*"
        if shape["type"] == "boolean":
            return "?"
        if shape["type"] in NUMBERS:
            return "#"
        return "|".join(shape.get("enum", []))


def derive(entry):
    model = load(entry["botocore"])
    answers = Answers(model)
    operations = {}
    for name in entry.get("operations") or model["operations"]:
        output = model["operations"][name].get("output")
        if output:
            operations[name] = [answers.place(output["shape"])]
            payload = model["shapes"][output["shape"]].get("payload")
            if payload and model["shapes"][model["shapes"][output["shape"]]["members"][payload]["shape"]]["type"] == "blob":
                operations[name].append(payload)
    return {"operations": operations, "shapes": answers.shapes}


def header():
    return (
        f"// Derived from botocore {botocore.__version__} by Tools/models/answers.py; do not edit.\n"
        "// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.\n\n"
        "// swift-format-ignore-file\n\nextension AnswerModel {\n"
    )


def main():
    with open(os.path.join(HERE, "answers.json")) as file:
        entries = json.load(file)
    os.makedirs(TARGET, exist_ok=True)
    total = 0
    for name, entry in entries.items():
        text = literal(derive(entry))
        assert '"""###' not in text
        total += len(text)
        with open(os.path.join(TARGET, f"AnswerModel+{name}.swift"), "w") as file:
            file.write(header() + f'    static let {name}: StaticString = ###"""\n{text}\n"""###\n}}\n')
    texts = "".join(f'        case "{name}": {name}\n' for name in entries)
    ids = "".join(f'        case "{e["optimized"]}": "{name}"\n' for name, e in entries.items() if "optimized" in e)
    with open(os.path.join(TARGET, "AnswerModel+Texts.swift"), "w") as file:
        file.write(header() + (
            "    /// The answers of the service of that SDK id.\n"
            "    static func text(sdkID: String) -> StaticString? {\n        switch sdkID {\n"
            f"{texts}        default: nil\n        }}\n    }}\n\n"
            "    /// The SDK id of the service that an optimised integration calls.\n"
            "    static func sdkID(optimized service: String) -> String {\n        switch service {\n"
            f"{ids}        default: service\n        }}\n    }}\n}}\n"
        ))
    print(f"answers of {len(entries)} services, {total // 1024} KB")


if __name__ == "__main__":
    main()
