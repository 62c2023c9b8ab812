"""Tables of many kinds, made from a random generator: each kind is a task and a function that answers training and test rows,
label first."""

import numpy

BINARY = {"predictor_type": "binary_classifier"}
REGRESSION = {"predictor_type": "regressor"}


def classes(count):
    return {"predictor_type": "multiclass_classifier", "num_classes": count}


def split(labels, features, train):
    table = numpy.column_stack([labels, features])
    return table[:train], table[train:]


def binary(random, train, width, noise=1.0, test=2000, transform=lambda x: x, bias=0.0, used=None):
    """Labels by a hyperplane through normal features; `transform` is what becomes of them afterwards."""
    x = random.normal(size=(train + test, width))
    weights = random.normal(size=width) * (numpy.arange(width) < (used or width))
    score = x @ weights / numpy.linalg.norm(weights) + bias + noise * random.logistic(size=len(x)) / 1.8
    return split((score > 0).astype(float), transform(x), train)


def regression(random, train, width, noise=1.0, test=2000, transform=lambda x: x, used=None, label=lambda y: y):
    x = random.normal(size=(train + test, width))
    weights = random.normal(size=width) * (numpy.arange(width) < (used or width))
    y = x @ weights + noise * random.normal(size=len(x))
    return split(label(y), transform(x), train)


def blobs(random, train, count, width, spread, test=2000, shares=None):
    centres = random.normal(size=(count, width))
    y = random.choice(count, size=train + test, p=shares)
    # Each class is there at least twice.
    y[:2 * count] = numpy.tile(numpy.arange(count), 2)
    return split(y, centres[y] + spread * random.normal(size=(len(y), width)), train)


def scales(x):
    return x * 10.0 ** numpy.linspace(9, -9, x.shape[1]) + 10.0 ** numpy.linspace(9, -9, x.shape[1])


def doubled(x):
    """Each column again, each pair's sum, and three constant ones."""
    constants = numpy.tile([0.0, 7.0, 1e6], (len(x), 1))
    return numpy.column_stack([x, x, x[:, :-1] + x[:, 1:], constants])


def correlated(x):
    return x @ (numpy.eye(x.shape[1]) + 20 * numpy.ones((x.shape[1],) * 2) / x.shape[1])


def heavy(x):
    return numpy.sign(x) * numpy.abs(x) ** 4


def one_hot(random, train, levels, test=2000):
    """Two categories and a number; most cells 0."""
    count = train + test
    first, second = random.randint(levels, size=(2, count))
    effects = random.normal(size=(2, levels))
    number = random.normal(size=count)
    score = effects[0][first] + effects[1][second] + 0.5 * number
    hot = numpy.zeros((count, 2 * levels + 1))
    hot[numpy.arange(count), first] = 1
    hot[numpy.arange(count), levels + second] = 1
    hot[:, -1] = number
    return score, hot


def one_hot_binary(random, train, levels):
    score, hot = one_hot(random, train, levels)
    return split((score + random.logistic(size=len(score)) / 2 > 0).astype(float), hot, train)


def one_hot_regression(random, train, levels):
    score, hot = one_hot(random, train, levels)
    return split(score + random.normal(size=len(score)), hot, train)


def circle(random, train, test=2000):
    """What no line divides."""
    x = random.normal(size=(train + test, 3))
    return split((numpy.sum(x[:, :2] ** 2, axis=1) > 1.4).astype(float), x, train)


def curve(random, train, test=2000):
    x = random.uniform(-2, 2, size=(train + test, 4))
    return split(numpy.sin(2 * x[:, 0]) + x[:, 1] ** 2 + x[:, 2] + 0.2 * random.normal(size=len(x)), x, train)


def separable(random, train, width, test=2000):
    x = random.normal(size=(train + test, width))
    return split((x[:, 0] + x[:, 1] > 0).astype(float), x, train)


def counts(random, train, test=2000):
    """Labels of a long tail."""
    x = random.normal(size=(train + test, 5))
    return split(random.poisson(numpy.exp(0.5 * x @ numpy.array([1, 0.5, -0.5, 0.3, 0]))), numpy.round(numpy.exp(x), 3), train)


KINDS = {
    "binary": (BINARY, lambda r: binary(r, 1000, 10)),
    "binary, 30 rows": (BINARY, lambda r: binary(r, 30, 4, 0.3)),
    "binary, 100 rows": (BINARY, lambda r: binary(r, 100, 20, 0.5)),
    "binary, p > n": (BINARY, lambda r: binary(r, 80, 200, 0.2, used=5)),
    "binary, p > n, dense": (BINARY, lambda r: binary(r, 100, 300, 0.1)),
    "binary, separable": (BINARY, lambda r: separable(r, 200, 6)),
    "binary, noise": (BINARY, lambda r: binary(r, 400, 20, 8)),
    "binary, 1 in 100": (BINARY, lambda r: binary(r, 3000, 8, 0.3, test=5000, bias=-2.4)),
    "binary, 1 in 20, 300 rows": (BINARY, lambda r: binary(r, 300, 5, 0.5, test=5000, bias=-1.7)),
    "binary, one feature": (BINARY, lambda r: binary(r, 200, 1, 0.5)),
    "binary, scales": (BINARY, lambda r: binary(r, 500, 9, 0.4, transform=scales)),
    "binary, doubled columns": (BINARY, lambda r: binary(r, 500, 8, 0.4, transform=doubled)),
    "binary, correlated": (BINARY, lambda r: binary(r, 500, 12, 0.4, transform=correlated)),
    "binary, heavy tails": (BINARY, lambda r: binary(r, 1000, 6, 0.4, transform=heavy)),
    "binary, one-hot": (BINARY, lambda r: one_hot_binary(r, 1500, 150)),
    "binary, circle": (BINARY, lambda r: circle(r, 1000)),
    "binary, 20000 rows": (BINARY, lambda r: binary(r, 20_000, 30, 1)),
    "classes, 3": (classes(3), lambda r: blobs(r, 150, 3, 4, 0.8)),
    "classes, 26": (classes(26), lambda r: blobs(r, 2000, 26, 16, 0.9)),
    "classes, 100": (classes(100), lambda r: blobs(r, 3000, 100, 20, 0.7)),
    "classes, p > n": (classes(5), lambda r: blobs(r, 60, 5, 100, 2)),
    "classes, rare ones": (classes(4), lambda r: blobs(r, 1500, 4, 6, 0.9, 5000, [0.88, 0.1, 0.01, 0.01])),
    "classes, one feature": (classes(3), lambda r: blobs(r, 300, 3, 1, 0.3)),
    "regression": (REGRESSION, lambda r: regression(r, 500, 10)),
    "regression, 20 rows": (REGRESSION, lambda r: regression(r, 20, 4)),
    "regression, p > n": (REGRESSION, lambda r: regression(r, 60, 150, used=10)),
    "regression, p > n, dense": (REGRESSION, lambda r: regression(r, 100, 300)),
    "regression, p = n": (REGRESSION, lambda r: regression(r, 100, 100, 3)),
    "regression, noise": (REGRESSION, lambda r: regression(r, 300, 30, 50)),
    "regression, no noise": (REGRESSION, lambda r: regression(r, 300, 10, 0.01)),
    "regression, one feature": (REGRESSION, lambda r: regression(r, 100, 1)),
    "regression, scales": (REGRESSION, lambda r: regression(r, 300, 9, transform=scales)),
    "regression, large offset": (REGRESSION, lambda r: regression(r, 300, 8, label=lambda y: 1e6 + y)),
    "regression, large labels": (REGRESSION, lambda r: regression(r, 300, 8, label=lambda y: 1e9 * y - 3e9)),
    "regression, small labels": (REGRESSION, lambda r: regression(r, 300, 8, label=lambda y: 1e-9 * y)),
    "regression, doubled columns": (REGRESSION, lambda r: regression(r, 300, 8, transform=doubled)),
    "regression, correlated": (REGRESSION, lambda r: regression(r, 300, 12, transform=correlated)),
    "regression, heavy tails": (REGRESSION, lambda r: regression(r, 1000, 6, transform=heavy)),
    "regression, one-hot": (REGRESSION, lambda r: one_hot_regression(r, 1500, 150)),
    "regression, curve": (REGRESSION, lambda r: curve(r, 1000)),
    "regression, counts": (REGRESSION, lambda r: counts(r, 1000)),
    "regression, 20000 rows": (REGRESSION, lambda r: regression(r, 20_000, 30, 5)),
}
