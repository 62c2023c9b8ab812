"""Binary data of any number of rows, label first, features of different scales: row r is a pure function of r.

usage: learner_data.py ROWS OUT.csv [FIRST_ROW [FEATURES]]
"""

import sys

import numpy

BLOCK = 50_000


def words(rows, index, stride):
    """SplitMix64's finaliser of the row's and column's number."""
    with numpy.errstate(over="ignore"):
        x = (rows * numpy.uint64(stride) + numpy.uint64(index + 1)) * numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return x ^ (x >> numpy.uint64(31))


def normal(rows, index, stride):
    """About normal, in thousandths: the sum of the word's four parts."""
    word, mask = words(rows, index, stride), numpy.uint64(0xFFFF)
    total = sum((word >> numpy.uint64(16 * part)) & mask for part in range(4))
    return (total.astype(numpy.int64) - 131070) * 1000 // 37837


def block(first, count, width):
    """Labels, and features in thousandths."""
    stride = 64 if width <= 40 else 1024
    rows = numpy.arange(first, first + count, dtype=numpy.uint64)
    base = numpy.stack([normal(rows, index, stride) for index in range(width)])
    features = base.copy()
    features[1::4] = base[1::4] ** 2 // 1000
    features[2::4] = (3 * base[2::4] + 4 * base[1::4]) // 5
    features[3::4] = 5000 + 10 * base[3::4]
    weights = numpy.array([37 * index % 101 - 50 for index in range(width)], dtype=numpy.int64)
    score = weights @ base + 60 * base[0] * base[4] // 1000 + 100 * normal(rows, stride - 24, stride)
    return (score > 0).astype(numpy.int64), features


def write(rows, path, first=0, width=28):
    texts = numpy.array([f",{'-' if k < 0 else ''}{abs(k) // 1000}.{abs(k) % 1000:03d}" for k in range(-40_000, 45_001)], dtype="S8")
    with open(path, "wb") as out:
        for start in range(first, first + rows, BLOCK):
            count = min(BLOCK, first + rows - start)
            labels, features = block(start, count, width)
            cells = numpy.empty((count, width + 2), dtype="S8")
            cells[:, 0] = numpy.where(labels == 1, b"1", b"0")
            cells[:, 1:-1] = texts[features.T + 40_000]
            cells[:, -1] = b"\n"
            out.write(cells.tobytes().replace(b"\0", b""))


if __name__ == "__main__":
    write(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
