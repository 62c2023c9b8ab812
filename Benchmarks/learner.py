"""linear-learner from CSV on disk to a model, beside scikit-learn, Vowpal Wabbit and LIBLINEAR.

Whole processes: start, reading, training, writing the model. The models are judged afterwards on other rows; that is not
timed. CPU seconds are what to compare: wall clock depends on who else is on the machine.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile
import venv

from measure import ROOT, arguments, process, table

PEERS = ["scikit-learn", "pandas", "vowpalwabbit", "liblinear-official", "scipy"]
PLOT = ROOT / "Docs/linear-learner-scaling.svg"
HERE = pathlib.Path(__file__).resolve().parent


def peers():
    """A Python with the peers, or nil where they cannot be had."""
    home = ROOT / ".build/peers/learner"
    if not (home / "ready").exists():
        try:
            venv.create(home, with_pip=True, clear=True)
            subprocess.run([home / "bin/pip", "install", "-q", *PEERS], check=True, capture_output=True)
            (home / "ready").touch()
        except subprocess.CalledProcessError:
            return None
    return str(home / "bin/python")


def score(python, model, test):
    """Log loss and accuracy of weights on raw features, or of probabilities in a file."""
    code = """
import json, sys, numpy, pandas
table = pandas.read_csv(sys.argv[2], header=None).to_numpy(float)
if sys.argv[1].endswith(".npz"):
    model = numpy.load(sys.argv[1])
    p = 1 / (1 + numpy.exp(-(table[:, 1:] @ model["weights"] + model["bias"])))
else:
    p = pandas.read_csv(sys.argv[1], header=None, sep=r"\\s+|,", engine="python").to_numpy(float)[:, 0]
p = numpy.clip(p, 1e-15, 1 - 1e-15)
y = table[:, 0]
print(json.dumps([float(-numpy.mean(numpy.where(y == 1, numpy.log(p), numpy.log1p(-p)))), float(numpy.mean((p > .5) == (y == 1)))]))
"""
    return json.loads(subprocess.check_output([python, "-c", code, model, test]))


def ours(binary, train, test, home):
    model = f"{home}/model.tar.gz"
    figures = process([binary, "step", "train", "--quiet", "--train", train, "--output", model, "-p", "predictor_type=binary_classifier"])
    log = subprocess.check_output([binary, "step", "train", "--train", train, "--test", test, "--output", model,
                                   "-p", "predictor_type=binary_classifier"], text=True)
    found = [line.split("=")[-1] for line in log.splitlines() if "test binary_classification" in line and "quality_metric" in line]
    return figures, [float(found[0]), float(found[1])]


def vowpal_wabbit(python, train, test, home):
    signed = f"{home}/signed"
    for source, target in ((train, signed + "-train.csv"), (test, signed + "-test.csv")):
        with open(target, "wb") as out:
            subprocess.run(["sed", "s/^0,/-1,/", source], check=True, stdout=out)
    with open(train) as lines:
        header = ",".join(["_label"] + [f"f{index}" for index in range(lines.readline().count(","))])
    common = [python, "-m", "vowpalwabbit", "--csv", "--csv_no_file_header", "--csv_header", header, "--quiet", "--loss_function", "logistic"]
    figures = process(common + ["-d", signed + "-train.csv", "-f", f"{home}/model.vw"])
    answers = f"{home}/answers.txt"
    subprocess.run(common + ["-d", signed + "-test.csv", "-t", "-i", f"{home}/model.vw", "-p", answers, "--link", "logistic"], check=True)
    return figures, score(python, answers, test)


def peer(python, method, train, test, home):
    model = f"{home}/{method}.npz"
    figures = process([python, str(HERE / "learner_peer.py"), method, train, model])
    return figures, score(python, model, test)


def compare(options, rows, home, methods):
    python = peers()
    train, test = f"{home}/train.csv", f"{home}/test.csv"
    for count, path, first in ((rows, train, 0), (100_000, test, 10_000_000)):
        subprocess.run([sys.executable if python is None else python, str(HERE / "learner_data.py"), str(count), path, str(first)], check=True)
    results = {"Trainyard": ours(options.binary, train, test, home)}
    if python and not options.no_peers:
        for method in methods:
            results[method] = vowpal_wabbit(python, train, test, home) if method == "Vowpal Wabbit, 1 pass" else peer(python, method, train, test, home)
    base = results["Trainyard"][0]["cpu"]
    return table(
        [f"{rows:,} rows, 28 features", "CPU", "times ours", "wall", "memory", "log loss", "accuracy"],
        [[name, f"{f['cpu']:.2f} s", f"{f['cpu'] / base:.1f}", f"{f['wall']:.1f} s", f"{f['memory']:.0f} MiB", f"{s[0]:.4f}", f"{s[1]:.4f}"]
         for name, (f, s) in results.items()])


def scaling(options, home):
    """CPU seconds by rows and by features, drawn as two lines; both axes logarithmic."""
    points = {"rows (28 features)": [], "features (100,000 rows)": []}
    python = peers() or sys.executable
    for rows in (50_000, 200_000, 800_000, 3_200_000):
        path = f"{home}/rows.csv"
        subprocess.run([python, str(HERE / "learner_data.py"), str(rows), path], check=True)
        points["rows (28 features)"].append((rows, train_seconds(options.binary, path, home)))
    for features in (8, 16, 32, 64, 128):
        path = f"{home}/features.csv"
        subprocess.run([python, str(HERE / "learner_data.py"), "100000", path, "0", str(features)], check=True)
        points["features (100,000 rows)"].append((features, train_seconds(options.binary, path, home)))
    PLOT.write_text(drawing(points))
    return points


def train_seconds(binary, path, home):
    command = [binary, "step", "train", "--quiet", "--train", path, "--output", f"{home}/model.tar.gz", "-p", "predictor_type=binary_classifier"]
    return min(process(command)["cpu"] for _ in range(2))


def drawing(points):
    width, height, margin = 420, 300, 50
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * width} {height}" font-family="sans-serif" font-size="11">']
    for panel, (name, line) in enumerate(points.items()):
        xs, ys = [math.log10(x) for x, _ in line], [math.log10(max(y, 1e-3)) for _, y in line]
        low, high = min(ys) - 0.2, max(ys) + 0.2
        place = lambda x, y: (panel * width + margin + (x - min(xs)) / (max(xs) - min(xs)) * (width - 2 * margin),
                              height - margin - (y - low) / (high - low) * (height - 2 * margin))
        dots = [place(x, y) for x, y in zip(xs, ys)]
        # What exactly linear growth from the last point back would be.
        straight = [place(xs[0], max(low, ys[-1] - (xs[-1] - xs[0]))), dots[-1]]
        parts.append(f'<text x="{panel * width + margin}" y="24" font-weight="bold">CPU seconds by {name}</text>')
        parts.append('<polyline fill="none" stroke="#bbb" stroke-dasharray="4" points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in straight) + '"/>')
        parts.append('<polyline fill="none" stroke="#06c" stroke-width="2" points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in dots) + '"/>')
        for (x, y), (count, seconds) in zip(dots, line):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#06c"/><text x="{x + 5:.1f}" y="{y + 14:.1f}">{seconds:.2f}</text>')
            parts.append(f'<text x="{x:.1f}" y="{height - margin + 18}" text-anchor="middle">{count:,}</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def measure(options):
    with tempfile.TemporaryDirectory() as home:
        every = ["Vowpal Wabbit, 1 pass", "sklearn-lbfgs", "sklearn-newton-cholesky", "liblinear"]
        text = compare(options, 250_000, home, every)
        text += "\n\n" + compare(options, 5_000_000, home, ["Vowpal Wabbit, 1 pass"])
        scaling(options, home)
    return text + "\n\nScaling: [Docs/linear-learner-scaling.svg](linear-learner-scaling.svg).\n"


if __name__ == "__main__":
    print(measure(arguments(__doc__)))
