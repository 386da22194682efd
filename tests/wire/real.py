# SPDX-License-Identifier: MIT
"""The gate's cases against the real binary: USHER names it."""
import pathlib
import sys
from urllib.parse import urlsplit

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop")]

import fixture  # noqa: E402
import run  # noqa: E402

url = urlsplit(fixture.start()["url"])
sys.exit(run.run((url.hostname, url.port), False, sys.argv[1:]))
