"""Splits, imputes, encodes and scales the iris data; the label goes to the first column, where linear-learner reads it."""

import argparse
import json
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler

FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
LABEL = "species"


def preprocess(source, target):
    data = pd.read_csv(source, header=None, names=FEATURES + [LABEL]).dropna(subset=[LABEL])
    encoder = LabelEncoder()
    data[LABEL] = encoder.fit_transform(data[LABEL])

    train, test = train_test_split(data, test_size=0.2, random_state=42)
    means = train[FEATURES].mean()
    train, test = train.fillna(means), test.fillna(means)

    scaler = StandardScaler().fit(train[FEATURES])
    for name, part in (("train", train), ("test", test)):
        part = part.assign(**dict(zip(FEATURES, scaler.transform(part[FEATURES]).T)))
        folder = target / name
        folder.mkdir(parents=True, exist_ok=True)
        part[[LABEL] + FEATURES].to_csv(folder / f"{name}_data.csv", header=False, index=False)

    # A served model needs these to take raw measurements and to name the species.
    (target / "preprocessing.json").write_text(json.dumps({
        "features": FEATURES,
        "classes": list(encoder.classes_),
        "mean": list(scaler.mean_),
        "scale": list(scaler.scale_),
    }, indent=2))
    print(f"{len(train)} rows to train on, {len(test)} to test on, classes {list(encoder.classes_)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input-data", type=Path, required=True)
    parser.add_argument("--output-data", type=Path, required=True)
    arguments = parser.parse_args()
    preprocess(arguments.input_data, arguments.output_data)
