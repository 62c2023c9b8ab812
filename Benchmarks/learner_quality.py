"""How good linear-learner's default settings are beside scikit-learn: on reference data, and on made tables of many kinds.

usage: learner_quality.py [--data FOLDER] [--kinds 'NAME;…'] [--seeds 10] [--binary TRAINYARD]

FOLDER holds NAME_train.csv, NAME_test.csv (or .csv.gz), label first, and reference_scores.csv with the columns dataset, model,
accuracy and rmse. The algorithm has no seed of its own: a seed here shuffles the training rows, and makes a table anew. A
miss is an accuracy more than 0.01 below, or an RMSE more than 1 % above, the best of scikit-learn's; misses end in exit
code 1.
"""

import argparse
import csv
import gzip
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import numpy

from learner_kinds import KINDS

ROOT = pathlib.Path(__file__).resolve().parents[1]

METRICS = {"binary_classifier": "binary_classification_accuracy", "multiclass_classifier": "multiclass_accuracy", "regressor": "rmse"}


def learner(binary, task, train, test, home):
    """The score of a model of default settings on the test rows."""
    command = [binary, "step", "train", "--train", train, "--test", test, "--output", f"{home}/model.tar.gz"]
    for name, value in task.items():
        command += ["-p", f"{name}={value}"]
    log = subprocess.run(command, capture_output=True, text=True)
    if log.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{log.stdout[-500:]}{log.stderr}")
    metric = f"#test_score (algo-1) : ('{METRICS[task['predictor_type']]}', "
    return next(float(line.split(metric)[1].rstrip(")")) for line in log.stdout.splitlines() if metric in line)


def scikit_learn(task, train, test):
    """The best score of what one would try: plain, and with the strength of regularisation cross-validated."""
    from sklearn.linear_model import LinearRegression, LogisticRegression, LogisticRegressionCV, Ridge, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    (x, y), (test_x, test_y) = ((table[:, 1:], table[:, 0]) for table in (train, test))
    if task["predictor_type"] == "regressor":
        models = [LinearRegression(), Ridge(1.0), RidgeCV(numpy.logspace(-4, 5, 19))]
        score = lambda model: -float(numpy.sqrt(numpy.mean((model.predict(test_x) - test_y) ** 2)))
    else:
        folds = int(min(5, numpy.unique(y, return_counts=True)[1].min()))
        models = [LogisticRegression(C=1.0, max_iter=2000), LogisticRegression(C=1e4, max_iter=2000)]
        if folds > 1:
            models.append(LogisticRegressionCV(Cs=10, cv=folds, max_iter=2000))
        score = lambda model: float(numpy.mean(model.predict(test_x) == test_y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return abs(max(score(make_pipeline(StandardScaler(), model).fit(x, y)) for model in models))


def compare(name, task, pairs):
    """Prints how scores stand to references; answers how many miss them."""
    worse = [reference - score if task["predictor_type"] != "regressor" else score / reference - 1 for score, reference in pairs]
    misses = sum(gap > 0.01 for gap in worse)
    scores, references = zip(*pairs)
    print(f"{name:28} {min(scores):12.5g} … {max(scores):<12.5g} scikit-learn {min(references):12.5g} … {max(references):<12.5g} "
          f"worst {max(worse):+.4f}, mean {sum(worse) / len(worse):+.4f}  {f'{misses} MISSED' if misses else 'ok'}", flush=True)
    return misses


def unpacked(folder, stem, home):
    plain = pathlib.Path(folder) / f"{stem}.csv"
    if plain.exists():
        return str(plain)
    with gzip.open(f"{plain}.gz") as source, open(f"{home}/{stem}.csv", "wb") as target:
        shutil.copyfileobj(source, target)
    return f"{home}/{stem}.csv"


def reference_data(options, home):
    """The folder's data sets, the training rows in another order for each seed."""
    best = {}
    with open(f"{options.data}/reference_scores.csv") as scores:
        for row in csv.DictReader(scores):
            best.setdefault(row["dataset"], []).append((row["accuracy"], row["rmse"]))
    misses = 0
    for name, scores in best.items():
        accuracies = [float(accuracy) for accuracy, _ in scores if accuracy]
        reference = max(accuracies) if accuracies else min(float(rmse) for _, rmse in scores if rmse)
        train, test = (unpacked(options.data, f"{name}_{part}", home) for part in ("train", "test"))
        lines = open(train, "rb").read().splitlines()
        task = {"predictor_type": "regressor"}
        if accuracies:
            labels = {float(line.split(b",", 1)[0]) for line in lines}
            task = {"predictor_type": "binary_classifier"}
            if max(labels) > 1:
                task = {"predictor_type": "multiclass_classifier", "num_classes": int(max(labels)) + 1}
        pairs = []
        for seed in range(options.seeds):
            order = numpy.random.RandomState(seed).permutation(len(lines))
            shuffled = f"{home}/shuffled.csv"
            with open(shuffled, "wb") as out:
                out.write(b"\n".join(lines[index] for index in order) + b"\n")
            pairs.append((learner(options.binary, task, shuffled, test, home), reference))
        misses += compare(name, task, pairs)
    return misses


def made_data(options, home):
    misses = 0
    for name in options.kinds or KINDS:
        task, make = KINDS[name]
        pairs = []
        for seed in range(options.seeds):
            paths = [f"{home}/train.csv", f"{home}/test.csv"]
            tables = make(numpy.random.RandomState(seed))
            for path, table in zip(paths, tables):
                numpy.savetxt(path, table, delimiter=",", fmt="%.9g")
            pairs.append((learner(options.binary, task, *paths, home), scikit_learn(task, *tables)))
        misses += compare(name, task, pairs)
    return misses


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/trainyard"))
    parser.add_argument("--data")
    parser.add_argument("--kinds", type=lambda names: names.split(";"))
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        misses = reference_data(options, home) if options.data else 0
        if options.kinds or not options.data:
            misses += made_data(options, home)
    sys.exit(1 if misses else 0)
