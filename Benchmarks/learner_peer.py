"""One linear classifier from a label-first CSV by a peer, as a process of its own: import, read, standardise, fit, save.

usage: learner_peer.py METHOD TRAIN.csv MODEL.npz
"""

import sys

import numpy
import pandas


def scikit_learn(features, labels, solver):
    from sklearn.linear_model import LogisticRegression
    model = LogisticRegression(C=1.0, solver=solver, max_iter=1000).fit(features, labels)
    return model.coef_[0], model.intercept_[0]


def liblinear(features, labels):
    from liblinear.liblinearutil import train
    from scipy import sparse
    model = train(labels, sparse.csr_matrix(features), "-s 0 -c 1 -B 1 -q")
    sign = 1.0 if model.get_labels()[0] == 1 else -1.0
    weights, bias = model.get_decfun()
    return sign * numpy.array(weights), sign * bias


METHODS = {
    "sklearn-lbfgs": lambda features, labels: scikit_learn(features, labels, "lbfgs"),
    "sklearn-newton-cholesky": lambda features, labels: scikit_learn(features, labels, "newton-cholesky"),
    "liblinear": liblinear,
}

if __name__ == "__main__":
    method, train, target = sys.argv[1:]
    table = pandas.read_csv(train, header=None, dtype=numpy.float64).to_numpy()
    labels, features = table[:, 0].copy(), numpy.ascontiguousarray(table[:, 1:])
    del table
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = 1
    features -= mean
    features /= deviation
    weights, bias = METHODS[method](features, labels)
    weights = weights / deviation
    numpy.savez(target, weights=weights, bias=bias - weights @ mean)
