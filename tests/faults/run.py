# SPDX-License-Identifier: MIT
"""Runs the fault matrix: breaks each call of each flow in each way, lets people go on, and reads the stores.

Several lanes run side by side, each with a sandbox and servers of its own. A server that is killed may take its counts
with it: for those rows a success may be counted once or not at all, for all others exactly once.
"""
import argparse
import collections
import multiprocessing
import os
import queue
import sys
import time
import traceback

import attempt
import matrix
import property as stores_property
import world

PASSED = "passed"
BATCH = 12  # rows between two sweeps: the stores stay small enough to be read whole


def name_of(row):
    return f"{row.scenario} · {row.call.name} · {row.fault.name} · {row.recovery}"


class Lane(attempt.Lane):
    """Runs rows one after the other."""

    def run(self, row):
        """-> PASSED, or a text that says what is wrong"""
        one = self.attempt(row)
        try:
            problems = one.run()
        except Exception:  # whatever it was belongs into the table
            problems = [traceback.format_exc()]
        finally:
            self.world.switches.clear()
            for front in self.world.fronts:
                front.start()
        if not problems:
            return PASSED
        return "\n".join("    " + problem for problem in problems) + "\n" + one.describe()


def work(batches, results, list_of_rows):
    """One lane: takes batches of rows until None comes; each finds its world empty."""
    with world.World() as here:
        lane = Lane(here)
        for batch in iter(batches.get, None):
            here.begin_anew()
            outcomes = {index: lane.run(list_of_rows[index]) for index in batch}
            here.rest()
            results.put((outcomes, stores_property.orphans(here.stores)))


def check_complete(here):
    """Are the calls of the matrix those that are made? -> problems"""
    problems = []
    for scenario, calls in matrix.SCENARIOS.items():
        calls = calls + matrix.AFTERWARDS.get(scenario, [])
        wanted = collections.Counter((call.service, call.operation) for call in calls)
        made = collections.Counter(attempt.Lane(here).undisturbed(scenario, len(calls)))
        if wanted != made:
            problems.append(f"{scenario}: not in the matrix {dict(made - wanted)}, not made {dict(wanted - made)}")
    return problems


def run_all(list_of_rows, lanes):
    """-> {index: outcome}, what the lanes have left"""
    batches, results = multiprocessing.Queue(), multiprocessing.Queue()
    starts = range(0, len(list_of_rows), BATCH)
    for start in starts:
        batches.put(range(start, min(start + BATCH, len(list_of_rows))))
    for _ in range(lanes):
        batches.put(None)
    workers = [multiprocessing.Process(target=work, args=(batches, results, list_of_rows)) for _ in range(lanes)]
    for worker in workers:
        worker.start()
    outcomes, left = {}, []
    for _ in starts:
        try:
            some, orphans = results.get(timeout=4 * world.PATIENCE)
        except queue.Empty:
            break  # a lane has died: its rows are told apart below
        outcomes.update(some)
        left += orphans
    for worker in workers:
        worker.join()
    return outcomes, left


def print_table(list_of_rows, outcomes):
    """One line for each call: faults across, how many recoveries of each kept the property."""
    width = max(len(f"{row.scenario} · {row.call.name}") for row in list_of_rows)
    faults = [fault.name for fault in matrix.FAULTS]
    cells = collections.defaultdict(collections.Counter)
    for index, row in enumerate(list_of_rows):
        cell = cells[f"{row.scenario} · {row.call.name}", row.fault.name]
        cell["all"] += 1
        cell["good"] += outcomes.get(index) == PASSED
    print(" " * width, *(name.rjust(13) for name in faults))
    for line in dict.fromkeys(f"{row.scenario} · {row.call.name}" for row in list_of_rows):
        texts = []
        for name in faults:
            cell = cells.get((line, name))
            text = f"{cell['good']}/{cell['all']}" if cell else "-"
            texts.append((text if not cell or cell["good"] == cell["all"] else text + " !").rjust(13))
        print(line.ljust(width), *texts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name holds TEXT")
    parser.add_argument("--lanes", type=int, default=4 * (os.cpu_count() or 1))
    parser.add_argument("--all", action="store_true", help="also the rows that are as in another scenario")
    parser.add_argument("--list", action="store_true", help="the names of the rows")
    options = parser.parse_args()
    chosen = [row for row in matrix.rows(options.all) if options.only in name_of(row)]
    if options.list:
        print("\n".join(name_of(row) for row in chosen))
        return 0

    started = time.monotonic()
    with world.World(tells=False) as here:
        problems = check_complete(here)
    outcomes, left = run_all(chosen, options.lanes)
    print_table(chosen, outcomes)
    failed = [index for index in range(len(chosen)) if outcomes.get(index) != PASSED]
    for index in failed:
        print(f"\n{name_of(chosen[index])}\n{outcomes.get(index, '    the lane ended before it')}")
    for problem in problems + left:
        print(problem)
    print(f"\n{len(chosen)} rows, {len(chosen) - len(failed)} keep the property, {len(failed)} do not; {len(left)} orphans; {time.monotonic() - started:.0f} s in {options.lanes} lanes")
    return 1 if failed or problems or left else 0


if __name__ == "__main__":
    sys.exit(main())
