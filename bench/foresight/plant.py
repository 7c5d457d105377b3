#!/usr/bin/env python3
"""plant.py ORDERS.csv SEED [KIND=COUNT ...]: a recorded stream of orders with faults planted into its second half.

ORDERS.csv is what ob-analytics has (id, timestamp, exchange.timestamp, price, volume, action, direction; volumes in 1e-8).
Writes lines of: milliseconds, price, quantity, side, what was planted (empty: nothing), as CSV. The same seed and mix give
the same stream. Kinds: quantity_x100, price_x10, price_through, large_at_touch, repeated.
"""
import csv
import random
import sys

MIX = {"quantity_x100": 30, "price_x10": 30, "price_through": 30, "large_at_touch": 30, "repeated": 6}


def read(path):
    with open(path, newline="") as f:
        rows = [(int(r["timestamp"]), float(r["price"]), int(r["volume"]) / 1e8, "BUY" if r["direction"] == "bid" else "SELL")
                for r in csv.DictReader(f) if r["action"] == "created"]
    return sorted(rows)


def middle(rows, at):
    prices = sorted(r[1] for r in rows[max(0, at - 200):at])
    return prices[len(prices) // 2]


def plant(rows, seed, mix):
    rng = random.Random(seed)
    half = len(rows) // 2
    usual = sorted(r[2] for r in rows[:half])
    big = usual[int(len(usual) * .97)]
    out = [(*r, "") for r in rows]
    for kind, count in mix.items():
        for _ in range(count):
            at = rng.randrange(half + 300, len(rows) - 50)
            ms, price, quantity, side, _ = (*rows[at], "")
            m = middle(rows, at)
            if kind == "quantity_x100":
                quantity *= 100
            elif kind == "price_x10":
                price *= 10 if rng.random() < .5 else .1
            elif kind == "price_through":
                price = m * (1.03 if side == "BUY" else .97)
            elif kind == "large_at_touch":
                quantity = big * rng.uniform(1, 3)
                price = m * (1 - .0005 if side == "BUY" else 1.0005)
            elif kind == "repeated":
                out.extend((ms + 80 * i, price, quantity, side, kind) for i in range(1, 16))
                continue
            else:
                raise SystemExit(f"there is no kind {kind}")
            out.append((ms + 1, price, quantity, side, kind))
    return sorted(out, key=lambda r: r[0])


def main():
    mix = dict(MIX)
    for given in sys.argv[3:]:
        kind, count = given.split("=")
        mix[kind] = int(count)
    for ms, price, quantity, side, kind in plant(read(sys.argv[1]), int(sys.argv[2]), mix):
        print(f"{ms},{price:.8g},{quantity:.8f},{side},{kind}")


if __name__ == "__main__":
    main()
