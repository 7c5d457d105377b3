#!/usr/bin/env python3
"""compare.py STREAM.csv FOUND.txt: what the store's detectors found in a stream of plant.py, against robust z and an isolation forest.

FOUND.txt has the numbers of the lines (from 1) that oms.score_events() has named. All three see the same measures, and the other two may
name as many orders of the second half as the store did; they have learned from the first half alone, which nothing was planted into.
"""
import csv
import math
import sys
from collections import deque

import numpy as np
from sklearn.ensemble import IsolationForest


def measures(rows):
    """Logarithm of the quantity, signed distance to the middle, value, equal orders and all orders within ten seconds before."""
    sides = {"BUY": deque(maxlen=50), "SELL": deque(maxlen=50)}
    before, out, middle = deque(), [], None
    for ms, price, quantity, side in rows:
        if all(len(s) >= 10 for s in sides.values()):
            middle = sum(float(np.median(s)) for s in sides.values()) / 2
        off = math.log(price / middle) * (1 if side == "BUY" else -1) if middle else 0.0
        while before and before[0][0] < ms - 10000:
            before.popleft()
        same = sum(b[1:] == (price, quantity, side) for b in before)
        out.append((math.log(quantity + 1e-8), math.copysign(math.log1p(abs(off) * 1e3), off), math.log1p(quantity * price), math.log1p(same), math.log1p(len(before))))
        before.append((ms, price, quantity, side))
        sides[side].append(price)
    return np.array(out)


def main():
    with open(sys.argv[1], newline="") as f:
        lines = list(csv.reader(f))
    rows = [(int(r[0]), float(r[1]), float(r[2]), r[3]) for r in lines]
    kinds = np.array([r[4] for r in lines])
    half = len(rows) // 2
    found = {int(n) - 1 for n in open(sys.argv[2]).read().split()}
    store = np.array([i in found for i in range(half, len(rows))])
    x = measures(rows)
    learned, asked, planted = x[:half], x[half:], kinds[half:]
    median = np.median(learned, 0)
    mad = np.median(abs(learned - median), 0) * 1.4826
    mad[mad < 1e-3] = learned.std(0)[mad < 1e-3] + 1e-3
    scores = {"robust z": (abs(asked - median) / mad).max(1),
              "isolation forest": -IsolationForest(n_estimators=100, max_samples=256, random_state=1).fit(learned).score_samples(asked)}
    results = {"the store's": store}
    for name, score in scores.items():
        named = np.zeros(len(asked), bool)
        named[np.argsort(-score, kind="stable")[:store.sum()]] = True
        results[name] = named
    names = sorted(set(planted) - {""})
    print("| detector | alerts | " + " | ".join(names) + " | recall | precision |\n| --- | --- |" + " --- |" * (len(names) + 2))
    for name, named in results.items():
        recall = [f"{named[planted == k].mean():.2f}" for k in names]
        print(f"| {name} | {named.mean() * 100:.1f} % | " + " | ".join(recall) + f" | {named[planted != ''].mean():.2f} | {(planted[named] != '').mean():.2f} |")


if __name__ == "__main__":
    main()
