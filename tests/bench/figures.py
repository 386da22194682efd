# SPDX-License-Identifier: MIT
"""How the benches print. Asserts nothing: a figure is read by a person, beside the machine it came from."""


def say(name, value, unit, aim=""):
    print(f"{name:<44} {value:>10} {unit:<8} {aim}", flush=True)
