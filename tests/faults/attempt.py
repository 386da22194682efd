# SPDX-License-Identifier: MIT
"""One row of the matrix: somebody does something, a call of it breaks, they go on, and the stores are read."""
import collections
import subprocess
import uuid

import matrix
import property as stores_property
import world
from world import door

FLOWS = {"signup": "SIGNUP", "supersede": "SIGNUP", "confirm": "SIGNUP_CONFIRM", "confirm and attach": "SIGNUP_CONFIRM"}


class Person:
    """Signs up and confirms; remembers its cookie, its Idempotency-Key and what it was told."""

    def __init__(self, email, by, password="Corr3ct-Horse!", card="tok_visa"):
        self.email, self.by, self.password, self.card = email, by, password, card
        self.key = uuid.uuid4().hex if by == "key" else None
        self.browser, self.token, self.code = door.Browser("http://127.0.0.1"), None, None

    def at(self, front):
        """The browser that sends; one that has only the key forgets its cookies."""
        cookies = {} if self.by == "key" else self.browser.cookies
        self.browser = door.Browser(front.url)
        self.browser.cookies = cookies
        return self.browser

    def sign_up(self, front):
        headers = {"Idempotency_Key": self.key} if self.key else {}
        answer = self.at(front).post(door.SIGNUP, door.form(self.email, password=self.password, stripe_token=self.card), **headers)
        if answer.status == 201:
            self.token = answer.json["signup_token"]
        return answer

    def confirm(self, front):
        fields = {"email": self.email, "code": self.code}
        if self.by == "key":
            fields["signup_token"] = self.token
        return self.at(front).post(door.CONFIRM, fields)


class Attempt:
    """One row on one world."""

    def __init__(self, here, row):
        self.world, self.row, self.problems, self.story = here, row, [], []
        self.email = f"{uuid.uuid4().hex[:12]}@faults.test"
        self.person = Person(self.email, "key" if row.recovery == "key" else "cookie")
        self.confirms = row.scenario.startswith("confirm")
        self.act = self.person.confirm if self.confirms else self.person.sign_up
        self.good = 200 if self.confirms else 201
        self.killed = row.fault is not None and row.fault.front == "victim"
        self.dead = collections.Counter()  # what a killed server had counted

    def expect(self, holds, what):
        if not holds:
            self.problems.append(what)

    def note(self, answer):
        self.story.append(f"{answer.status} {answer.text}")
        return answer

    def prepare(self):
        """What comes before the call that breaks."""
        if self.row.scenario == "supersede":
            other = Person(self.email, "cookie", "Another-0ne!").sign_up(self.world.patient)
            self.expect(other.status == 201, f"the other's sign-up: {other.status}")
        if self.confirms:
            late = self.row.scenario == "confirm and attach"
            answer = self.person.sign_up(self.world.late if late else self.world.patient)
            self.expect(answer.status == 201, f"the sign-up before: {answer.status}")
            self.person.code = self.world.stores.code(self.email)

    def arm(self):
        call, fault = self.row.call, self.row.fault
        return self.world.switches.arm(service=call.service, operation=call.operation, match=call.match, nth=call.nth,
                                       kind=fault.kind, count=fault.count)

    def break_it(self, fault):
        """The request that meets the fault. -> its answer | None: its server was killed"""
        if not self.killed:
            return self.note(self.act(getattr(self.world, self.row.fault.front)))
        victim = self.world.victim
        victim.die_during(self.world.switches, fault, lambda: self.act(victim))
        self.dead += victim.counted
        self.story.append("killed")
        return None

    def go_on(self):
        """The same request once more, elsewhere; while somebody works on the sign-up, it is too early."""
        if self.row.recovery == "repair":
            self.repair()
            return

        def once():
            answer = self.act(self.world.patient)
            return None if answer.status == 409 and answer.code == "signup_in_progress" else answer
        answer = self.note(world.let_go(once))
        self.expect(answer.status == self.good, f"the retry was answered {answer.status}")

    def repair(self):
        """Somebody on call; --force, because who had the lease is known to be dead."""
        front = self.world.patient
        done = subprocess.run([world.fixture.BINARY, "repair", "--config", front.config.name, "--force", self.email],
                              env=front.environment(), timeout=world.PATIENCE, text=True, capture_output=True,
                              check=False)
        self.story.append(f"repair: {done.returncode} {done.stdout}")
        unknown = done.returncode == 1 and "No store knows of" in done.stdout
        self.expect(done.returncode == 0 or unknown, f"repair ended with {done.returncode}: {done.stderr}")
        self.check_repaired()

    def check_repaired(self):
        """Everything, or nothing at all: what Cognito does not know yet is dropped, as the password is kept nowhere."""
        found = stores_property.Held(self.world.stores, self.email)
        if found.user:
            confirmed = found.user["status"] == "CONFIRMED"
            self.problems += stores_property.check(found, confirmed, self.is_attached(confirmed), revealed=None)
        else:
            self.expect(not found.customers, "a customer without a user")
            self.expect(not [row for row in found.where("", "", email=self.email)], "records without a user")

    def is_attached(self, confirmed):
        return confirmed or self.row.scenario != "confirm and attach"

    def check_stores(self, confirmed):
        def held():
            found = stores_property.Held(self.world.stores, self.email)
            return found, stores_property.check(found, confirmed, self.is_attached(confirmed))

        found, problems = held()
        if problems and found.where("OUTBOX#", ""):  # what could not be told is told soon
            world.until(lambda: not held()[0].where("OUTBOX#", ""), "the outbox is empty")
            found, problems = held()
        self.problems += problems

    def check_metrics(self, before, answer):
        now = self.world.metrics() + self.dead
        now.subtract(before)
        flow = FLOWS[self.row.scenario]
        # A server that is killed may take its count with it; what `usher repair` counts ends with its process.
        least = 0 if self.killed or "repair" in self.row.recovery else 1
        self.expect(least <= now[flow + "_SUCCESS"] <= 1, f"{flow}_SUCCESS counted {now[flow + '_SUCCESS']} times")
        if self.killed:
            return
        failed, persists = answer.status == 503, self.row.fault.count > 1
        self.expect(now[flow + "_ERROR"] == int(failed), f"{flow}_ERROR counted {now[flow + '_ERROR']} times")
        # Stripe gives its answer again under the same key: what took effect is cured by the next try, unless it was an
        # error of Stripe's own.
        cured = self.row.call.service == "stripe" and self.row.fault.kind == "lost_answer"
        for stores in ("USER", "ACCOUNT"):
            name = f"INCONSISTENT_{stores}_STORES"
            wanted = self.row.call.stores == stores and (failed or self.confirms and persists and not cured)
            self.expect(bool(now[name]) == wanted, f"{name} counted {now[name]} times, not as the matrix says")

    def check_first(self, answer):
        """What breaks once is cured before the visitor is answered."""
        once = self.row.fault.count == 1 and not self.killed
        if once and self.row.fault.name not in self.row.call.uncured:
            self.expect(answer.status == self.good, f"broken once, the first answer was {answer.status}")

    def check_token(self, since):
        """The closing transaction is the same one, however often it is tried, as long as the sign-up is the same."""
        if self.confirms or self.row.recovery != "key":
            return
        tokens = self.world.switches.tokens(since, "TransactWriteItems")
        self.expect(len(tokens) == 1 and None not in tokens, f"closing transactions had the tokens {tokens}")

    def run(self):
        """-> problems"""
        self.prepare()
        before, since = self.world.metrics(), self.world.switches.last()
        fault = self.arm()
        answer = self.break_it(fault)
        self.check_first(answer)
        self.expect(self.world.switches.look(fault)["fired"] > 0, "the fault has not fired")
        self.world.switches.clear()
        self.world.victim.start()
        self.go_on()
        if self.row.recovery == "repair" and not self.problems:
            self.row = self.row._replace(recovery="key after repair")
            self.go_on()
        self.check_stores(self.confirms)
        self.check_token(since)
        self.check_metrics(before, answer)
        if not self.confirms and not self.problems:
            self.person.code = self.world.stores.code(self.email)
            end = self.note(self.person.confirm(self.world.patient))
            self.expect(end.status == 200, f"the confirmation was answered {end.status}")
            self.check_stores(True)
        return self.problems

    def describe(self):
        story = "\n".join(f"      {line}" for line in self.story)
        return story + "\n" + stores_property.Held(self.world.stores, self.email).describe()


class Lane:
    """Makes the attempts of one world."""

    def __init__(self, here):
        self.world = here

    def attempt(self, row):
        return Attempt(self.world, row)

    def undisturbed(self, scenario, count):
        """The calls that a scenario makes when nothing breaks, that many at least: list of (service, operation)"""
        one = self.attempt(matrix.Row(scenario, None, None, "key"))
        one.prepare()
        before = self.world.switches.last()
        answer = one.act(self.world.patient)
        if answer.status != one.good:
            raise AssertionError(f"{scenario}, undisturbed: {answer.status} {answer.text}")
        world.until(lambda: len(self.world.switches.calls(before)) >= count, f"{count} calls")
        return [tuple(name.split(" ", 1)) for _, name in self.world.switches.calls(before)]
