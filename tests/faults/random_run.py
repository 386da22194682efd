# SPDX-License-Identifier: MIT
"""Many people sign up, twice at once, again and in each other's way, while calls break at random and servers die.

Then everything works again, everybody who is not done tries once more, `usher reconcile --apply` walks the stores, and
they have to agree. What is done is drawn from the seed; how it interleaves is up to the machine.
"""
import argparse
import collections
import random
import subprocess
import sys
import threading
import time

import attempt
import matrix
import property as stores_property
import world

WORKERS = 4
KINDS = ["refuse", "error_after", "lost_answer", "reset_before", "hang_before", "hang"]
CALLS = sorted({(call.service, call.operation) for calls in matrix.SCENARIOS.values() for call in calls})
# What a worker does next, and how often of twenty.
ACTIONS = {"sign up": 6, "at once": 4, "rival": 3, "confirm": 6, "kill": 1}


class Crowd:
    """The world, the people of each address, and what has happened so far."""

    def __init__(self, here, fronts):
        self.world, self.fronts, self.lock = here, fronts, threading.Lock()
        self.people = collections.defaultdict(list)  # address -> those who signed up with it, in order
        self.seen = collections.Counter()

    def count(self, what):
        with self.lock:
            self.seen[what] += 1

    def send(self, act, front):
        """One request of somebody -> the answer | None: the connection broke"""
        try:
            answer = act(front)
        except world.GONE:
            self.count("no answer")
            return None
        self.count(f"{answer.status} {answer.code if answer.status >= 400 else 'ok'}")
        if answer.status == 500:
            raise AssertionError(f"our own fault: {answer.text}")
        return answer

    def join(self, email, draw):
        person = attempt.Person(email, draw.choice(["key", "cookie"]), f"Corr3ct-{draw.randrange(10**6)}!")
        with self.lock:
            self.people[email].append(person)
        return person


class Worker(threading.Thread):
    """Does what its seed says, until time is over."""

    def __init__(self, crowd, number, seed, end):
        super().__init__()
        self.crowd, self.draw, self.end = crowd, random.Random(f"{seed}/{number}"), end
        self.emails, self.number, self.trouble = [], number, None

    def front(self):
        return self.draw.choice(self.crowd.fronts)

    def new_email(self):
        self.emails.append(f"worker{self.number}-{len(self.emails)}@faults.test")
        return self.emails[-1]

    def email(self):
        """One of the latest."""
        return self.draw.choice(self.emails[-3:]) if self.emails else self.new_email()

    def sign_up(self):
        self.crowd.send(self.crowd.join(self.new_email(), self.draw).sign_up, self.front())

    def rival(self):
        """Two people with one address, side by side."""
        email = self.email()
        self.together([self.crowd.join(email, self.draw).sign_up for _ in range(2)])

    def at_once(self):
        """The same request twice, by one who has its key or its cookie."""
        person = self.crowd.join(self.new_email(), self.draw)
        self.together([person.sign_up, person.sign_up])

    def together(self, acts):
        threads = [threading.Thread(target=self.crowd.send, args=(act, self.front())) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def confirm(self):
        email = self.email()
        with self.crowd.lock:
            people = list(self.crowd.people.get(email, []))
        mails = self.crowd.world.stores.mails(email)
        if people and mails:
            person = self.draw.choice(people)
            person.code = mails[0]["code"]
            self.crowd.send(person.confirm, self.front())

    def kill(self):
        front = self.front()
        with self.crowd.lock:
            front.kill()
            front.start()
        self.crowd.count("killed")

    def disturb(self):
        service, operation = self.draw.choice(CALLS)
        self.crowd.world.switches.arm(service=service, operation=operation, kind=self.draw.choice(KINDS),
                                      nth=self.draw.randint(1, 3), count=self.draw.randint(1, 4))

    def run(self):
        names = [name for name, often in ACTIONS.items() for _ in range(often)]
        try:
            while time.monotonic() < self.end:
                if self.draw.random() < 0.6:
                    self.disturb()
                getattr(self, self.draw.choice(names).replace(" ", "_"))()
        except Exception as error:  # told by the main thread
            self.trouble = error


def patiently(crowd, act):
    """One retry; while somebody works on the sign-up, it is too early."""
    def once():
        answer = crowd.send(act, crowd.world.patient)
        return None if answer.status == 409 and answer.code == "signup_in_progress" else answer
    return world.let_go(once)


def finish(crowd, email):
    """Everybody of one address tries once more, the last one to the end. -> problems"""
    problems = []
    for person in crowd.people[email]:
        answer = patiently(crowd, person.sign_up)
        if answer.status not in (201, 409):
            problems.append(f"{email}: the retry was answered {answer.status} {answer.text}")
    user = crowd.world.stores.user(email)
    if user and user["status"] == "UNCONFIRMED" and answer.status == 201:
        person.code = crowd.world.stores.code(email)
        confirmed = patiently(crowd, person.confirm)
        if confirmed.status != 200:
            problems.append(f"{email}: the confirmation was answered {confirmed.status} {confirmed.text}")
    return problems


def reconcile(front):
    done = subprocess.run([world.fixture.BINARY, "reconcile", "--apply", "--rate", "1000", "--json", "--config",
                           front.config.name], env=front.environment(), text=True, capture_output=True, check=False,
                          timeout=4 * world.PATIENCE)
    return [] if done.returncode == 0 else [f"reconcile ended with {done.returncode}: {done.stdout} {done.stderr}"]


def check(crowd):
    problems, rows = [], crowd.world.stores.rows()
    for email in crowd.people:
        held = stores_property.Held(crowd.world.stores, email, rows)
        confirmed = held.user is not None and held.user["status"] == "CONFIRMED"
        if stores_property.check(held, confirmed, revealed=None):
            problems.append(f"{email}:\n" + "\n".join("    " + one for one in held.problems) + "\n" + held.describe())
    return problems + stores_property.orphans(crowd.world.stores)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--seconds", type=float, default=10, help="of trouble, before everything works again")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with world.World() as here:
        more = world.Front(here.sandbox.ready, **here.LEASE, **here.HASTY)
        here.fronts.append(more)
        crowd = Crowd(here, [here.hasty, more])
        end = time.monotonic() + options.seconds
        workers = [Worker(crowd, number, options.seed, end) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        problems = [f"worker {worker.number}: {worker.trouble!r}" for worker in workers if worker.trouble]
        here.switches.clear()
        during = dict(sorted(crowd.seen.items()))
        for email in crowd.people:
            problems += finish(crowd, email)
        here.rest()
        problems += reconcile(here.patient)
        problems += check(crowd)
    print(f"{len(crowd.people)} addresses, {sum(map(len, crowd.people.values()))} people; in the trouble: {during}")
    for problem in problems:
        print(problem)
    if problems:
        print(f"again: random_run.py --seed {options.seed}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
