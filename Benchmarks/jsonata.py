"""JSONata: this project's library beside jsonata-python and jsonata-rs (PyPI), on one document of 300 orders.

    swift build -c release && python3 Benchmarks/jsonata.py

Prints a table of microseconds an evaluation. `evaluate`: the document is in memory, as each library wants it.
`text`: from the document's text to the result's text (Python's json module does it for the peers).
The results are compared; a peer that answers differently or not at all is named.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEERS = {"jsonata-python": "jsonata-python", "jsonata-rs": "jsonata-rs"}

CASES = {
    "field": "region.name",
    "choice": "region.limits.daily > 100 and region.name = 'eu-central-1'",
    "object": '{"first": orders[0].id, "count": $count(orders), "region": region.name}',
    "path": "orders.items.sku",
    "predicate": "orders[status = 'open' and total > 250].id",
    "arithmetic": "$sum(orders.items.(price * quantity))",
    "group": "orders{customer: $sum(total)}",
    "sort": "orders^(>total, id)[[0..9]].id",
    "lambda": "$reduce($map(orders, function($o) { $o.total * 1.2 }), function($a, $b) { $a + $b })",
    "strings": "$join(orders.($uppercase(customer) & '-' & $string(id)), ',')",
    "regex": "orders[$contains(note, /err(or)? [0-9]+/i)].id",
    "recursion": "($f := function($n) { $n < 2 ? $n : $f($n - 1) + $f($n - 2) }; $f(15))",
    "transform": "$ ~> |orders|{'tax': total * 0.2}, 'note'|",
    "dates": "orders.$fromMillis(created, '[Y]-[M01]-[D01] [H01]:[m01]')",
    "parent": "orders.items.{'order': %.id, 'sku': sku}",
}

PEER = """
import json, sys, time
import jsonata
text = open(sys.argv[1]).read()
figures = {}
def measure(body):
    rounds = []
    for _ in range(3):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < 0.1:
            body(); count += 1
        rounds.append((time.perf_counter() - start) * 1e6 / count)
    return sorted(rounds)[1]
for name, expression in json.load(open(sys.argv[2])).items():
    try:
        program, document = jsonata.Jsonata(expression), json.loads(text)
        figures[name] = {
            "result": program.evaluate(document),
            "evaluate": measure(lambda: program.evaluate(document)),
            "text": measure(lambda: json.dumps(program.evaluate(json.loads(text)))),
        }
    except Exception as error:
        figures[name] = {"error": repr(error)}
print(json.dumps(figures))
"""


def document():
    """300 orders, always the same."""
    seed = 7

    def random(bound):
        nonlocal seed
        seed = (seed * 1103515245 + 12345) % 2**31
        return seed // 65536 % bound

    orders = []
    for number in range(300):
        items = [
            {"sku": f"SKU-{random(1000):04}", "price": random(9900) / 100 + 1, "quantity": random(5) + 1}
            for _ in range(3)
        ]
        orders.append({
            "id": number,
            "customer": f"customer {random(40)}",
            "status": ["open", "paid", "sent"][random(3)],
            "total": round(sum(item["price"] * item["quantity"] for item in items), 2),
            "created": 1700000000000 + number * 86400000 // 7,
            "note": ["", "Error 17 in line", "all is well", "ERR 404", "error"][random(5)],
            "items": items,
        })
    return {"region": {"name": "eu-central-1", "limits": {"daily": 500}}, "orders": orders}


def build(directory, release):
    """Links the benchmark against the modules of the release build."""
    executable = os.path.join(directory, "jsonata-benchmark")
    objects = []
    for module in ["JSON", "JSONata", "OrderedCollections", "InternalCollectionsUtilities"]:
        folder = os.path.join(release, f"{module}.build")
        objects += [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".o")]
    source = os.path.join(ROOT, "Benchmarks", "jsonata", "main.swift")
    modules = os.path.join(release, "Modules")
    subprocess.run(["swiftc", "-O", "-I", modules, source, *objects, "-o", executable], check=True)
    return executable


def peer(name, package, files):
    folder = os.path.join(ROOT, ".build", "peers", name)
    if not os.path.isdir(folder):
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, package]
        if subprocess.run(install).returncode:
            print(f"{name} could not be had", file=sys.stderr)
            return {}
    environment = dict(os.environ, PYTHONPATH=folder)
    run = subprocess.run([sys.executable, "-c", PEER, *files], env=environment, capture_output=True, text=True)
    if run.returncode:
        print(f"{name}: {run.stderr[-500:]}", file=sys.stderr)
        return {}
    return json.loads(run.stdout)


def close(a, b):
    """The same result; sums may differ in the last digits."""
    if isinstance(a, float) or isinstance(b, float):
        return isinstance(a, (int, float)) and isinstance(b, (int, float)) and abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    return a == b


def main():
    parser = argparse.ArgumentParser()
    release = os.path.join(ROOT, ".build", "release")
    parser.add_argument("--release", default=release, help="folder of the release build")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        files = [os.path.join(directory, "document.json"), os.path.join(directory, "cases.json")]
        for path, content in zip(files, [document(), CASES]):
            with open(path, "w") as file:
                json.dump(content, file)
        run = subprocess.run([build(directory, options.release), *files], check=True, capture_output=True, text=True)
        own = json.loads(run.stdout)
        peers = {name: peer(name, package, files) for name, package in PEERS.items()}
    kinds = ("evaluate", "text")
    columns = [f"{name} {kind}" for kind in kinds for name in ["trainyard", *peers]]
    print("| case | " + " | ".join(columns) + " |")
    print("|---" * (1 + 2 * (1 + len(peers))) + "|")
    for name in CASES:
        cells = []
        for kind in kinds:
            cells.append(f"{own[name][kind]:.1f}")
            for figures in peers.values():
                figure = figures.get(name, {})
                if kind not in figure:
                    cells.append("fails")
                else:
                    wrong = "" if close(figure["result"], own[name]["result"]) else " (differs)"
                    cells.append(f"{figure[kind]:.1f} ({figure[kind] / own[name][kind]:.1f} ×){wrong}")
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
