# SPDX-License-Identifier: MIT
"""How long a sign-up takes for an address that is new, and for one that has an account, with conceal_existing: the
first one, with a card that Stripe refuses, by a second browser, and the same again; each for an account whose intent is
still there and for an old one.

Prints the distributions side by side and asserts nothing. USHER=build/…/usher conceal.py [ROUNDS]
"""
import collections
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../shared"))
from door import CONFIRM, SIGNUP, Browser, Stores, form, usher

POINTS = (1, 5, 25, 50, 75, 95, 99)


class Somebody:
    """An address, and how long each of its sign-ups takes."""

    def __init__(self, url, email):
        self.url, self.email, self.browser = url, email, Browser(url)

    def timed(self, browser, **changes):
        started = time.perf_counter()
        answer = browser.post(SIGNUP, form(self.email, **changes))
        assert answer.status == 201, answer.text
        return (time.perf_counter() - started) * 1e3

    def first(self):
        return self.timed(self.browser)

    def again(self):
        return self.timed(self.browser)

    def second_browser(self):
        return self.timed(Browser(self.url), name="Another")

    def third_browser(self):
        return self.timed(Browser(self.url), name="One more")


class WithABadCard(Somebody):
    def first(self):
        return self.timed(self.browser, stripe_token="tok_nobody_knows")


def acts_of(somebody):
    return {"first": somebody.first, "again": somebody.again, "second": somebody.second_browser,
            "third": somebody.third_browser}


def existing(url, stores, email, old):
    jane = Browser(url)
    assert jane.post(SIGNUP, form(email)).status == 201
    assert jane.post(CONFIRM, {"email": email, "code": stores.code(email)}).status == 200
    if old:
        for (pk, sk), row in stores.rows().items():
            if sk == "INTENT" and row["form"]["email"] == email:
                stores.table.delete_item(Key={"pk": pk, "sk": sk})
    return email


def distance(a, b):
    """The largest gap between the two distribution functions (Kolmogorov and Smirnov)."""
    return max(abs(sum(x <= at for x in a) / len(a) - sum(x <= at for x in b) / len(b)) for at in a + b)


def warm_up(url):
    """The server knows then how long things take."""
    for n in range(64):
        somebody = Somebody(url, f"warm.{n}@example.com")
        for act in acts_of(somebody).values():
            act()


def measure(url, stores, rounds):
    """-> {(who, what): [ms]}"""
    taken = collections.defaultdict(list)
    for n in range(rounds):
        people = {
            "new": Somebody(url, f"new.{n}@example.com"),
            "new, bad card": WithABadCard(url, f"bad.{n}@example.com"),
            "existing": Somebody(url, existing(url, stores, f"known.{n}@example.com", False)),
            "existing, old": Somebody(url, existing(url, stores, f"old.{n}@example.com", True)),
            "existing, bad card": WithABadCard(url, existing(url, stores, f"known.bad.{n}@example.com", False)),
        }
        for what in ("first", "again", "second", "third"):
            for who in random.sample(list(people), len(people)):  # in an order that nothing can lock on to
                taken[who, what].append(acts_of(people[who])[what]())
    return taken


def main(rounds):
    with usher("{ workers = 1, signup = { conceal_existing = true }, attempts = { per_email = 0, per_address = 0,"
               " cards_per_address = 0 } }") as one:
        warm_up(one.ready["url"])
        taken = measure(one.ready["url"], Stores(one.ready), rounds)
    print(f"{'':>10} {'':>20}" + "".join(f"{'p' + str(point):>8}" for point in POINTS) + "  ms      gap to new")
    for what in ("first", "again", "second", "third"):
        for who in dict.fromkeys(who for who, _ in taken):
            values = sorted(taken[who, what])
            row = [values[min(len(values) - 1, len(values) * point // 100)] for point in POINTS]
            print(f"{what:>10} {who:>20}" + "".join(f"{value:8.2f}" for value in row)
                  + f"{distance(taken['new', what], values):16.3f}")
    print(f"two samples of one kind stay below {1.36 * (2 / rounds) ** 0.5:.3f} in 95 of 100 runs")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
