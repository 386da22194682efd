# SPDX-License-Identifier: MIT
"""How long a sign-up takes for an address that is new, and for one that has an account, with conceal_existing.

Prints both distributions side by side and asserts nothing. USHER=build/…/usher conceal.py [ROUNDS]
"""
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from door import CONFIRM, SIGNUP, Browser, Stores, form, usher  # noqa: E402

POINTS = (1, 5, 25, 50, 75, 95, 99)


def timed(url, email):
    started = time.perf_counter()
    answer = Browser(url).post(SIGNUP, form(email))
    assert answer.status == 201, answer.text
    return (time.perf_counter() - started) * 1e3


def distance(a, b):
    """The largest gap between the two distribution functions (Kolmogorov and Smirnov)."""
    return max(abs(sum(x <= at for x in a) / len(a) - sum(x <= at for x in b) / len(b)) for at in a + b)


def main(rounds):
    with usher("{ workers = 1, signup = { conceal_existing = true }, attempts = { per_email = 0 } }") as one:
        url, stores, owner = one.ready["url"], Stores(one.ready), Browser(one.ready["url"])
        owner.post(SIGNUP, form("owner@example.com"))
        assert owner.post(CONFIRM, {"email": "owner@example.com", "code": stores.code("owner@example.com")}).status == 200
        for n in range(64):
            timed(url, f"warm.{n}@example.com")
        taken = {"new": [], "existing": []}
        for n in range(rounds):  # in turns, in an order that nothing can lock on to
            for kind in random.sample(("new", "existing"), 2):
                taken[kind].append(timed(url, f"new.{n}@example.com" if kind == "new" else "owner@example.com"))
    print(f"{'':>10}" + "".join(f"{'p' + str(point):>9}" for point in POINTS) + "   ms")
    for kind, values in taken.items():
        values.sort()
        row = [values[min(len(values) - 1, len(values) * point // 100)] for point in POINTS]
        print(f"{kind:>10}" + "".join(f"{value:9.2f}" for value in row))
    gap, noise = distance(taken["new"], taken["existing"]), 1.36 * (2 / rounds) ** 0.5
    print(f"largest gap of the distributions {gap:.3f}; two samples of one kind stay below {noise:.3f} in 95 of 100 runs")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
