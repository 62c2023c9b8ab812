"""Scores a linear-learner model on the test data and writes SageMaker's model-quality report."""

import argparse
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_score, recall_score


def load(path):
    """The weights (features, classes) and the bias of a linear-learner model.tar.gz: an MXNet parameter file inside."""
    with tarfile.open(path) as archive:
        model = archive.extractfile("model_algo-1").read()
    data = zipfile.ZipFile(io.BytesIO(model)).read("mx-mod-0000.params")
    position = 24
    arrays = []
    for _ in range(struct.unpack_from("<Q", data, 16)[0]):
        dimensions = struct.unpack_from("<I", data, position + 8)[0]
        shape = struct.unpack_from(f"<{dimensions}q", data, position + 12)
        position += 12 + 8 * dimensions + 12
        count = int(np.prod(shape))
        arrays.append(np.frombuffer(data, "<f4", count, position).reshape(shape))
        position += 4 * count
    names = []
    position += 8
    for _ in arrays:
        length = struct.unpack_from("<Q", data, position)[0]
        names.append(data[position + 8:position + 8 + length].decode())
        position += 8 + length
    parameters = dict(zip(names, arrays))
    return parameters["arg:fc0_weight"], parameters["arg:fc0_bias"].reshape(-1)


def evaluate(model, test, output):
    weight, bias = load(model)
    data = pd.read_csv(test, header=None).to_numpy()
    actual, predicted = data[:, 0].astype(int), np.argmax(data[:, 1:] @ weight + bias, axis=1)
    classes = range(len(bias))
    counts = confusion_matrix(actual, predicted, labels=classes)
    weighted = {"average": "weighted", "zero_division": 0}

    def metric(value):
        return {"value": float(value), "standard_deviation": "NaN"}

    report = {"multiclass_classification_metrics": {
        "confusion_matrix": {str(a): {str(p): int(counts[a][p]) for p in classes} for a in classes},
        "accuracy": metric(accuracy_score(actual, predicted)),
        "weighted_recall": metric(recall_score(actual, predicted, **weighted)),
        "weighted_precision": metric(precision_score(actual, predicted, **weighted)),
        "weighted_f1": metric(f1_score(actual, predicted, **weighted)),
    }}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=2))
    print(f"accuracy {report['multiclass_classification_metrics']['accuracy']['value']:.4f} on {len(actual)} rows")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    evaluate(arguments.model, arguments.test, arguments.output)
