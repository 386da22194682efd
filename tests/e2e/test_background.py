# SPDX-License-Identifier: MIT
"""Jobs beside the requests: one worker of many runs them, and they end last."""
import os
import shutil
import tempfile
import unittest

from door import fixture

JOBS = """
local background, clock, log = require "background", require "clock", require "log"

local runs = 0

background.every(0.01, "often", function()
  runs = runs + 1
  if runs == 2 then error "a bug" end
  if runs == 3 then log.error("third_run", {}) end
end)

background.every(3600, "at_end", function() log.error("at_end_ran", {}) end, { at_end = true })

background.every(3600, "never", function() log.error("never_ran", {}) end)

background.every(0.01, "waits", function()
  clock.sleep(0.05)
  log.error("waited", {})
end)
"""


def log_of(usher):
    """What it has written so far; its place in the file is shared with us, and stays."""
    return os.pread(usher.errors.fileno(), 1 << 20, 0).decode()


class Background(unittest.TestCase):
    def run_jobs(self, workers):
        with tempfile.TemporaryDirectory() as folder:
            scripts = os.path.join(folder, "scripts")
            shutil.copytree(os.path.join(os.path.dirname(__file__), "../../scripts"), scripts)
            with open(os.path.join(scripts, "jobs.lua"), "w") as file:
                file.write(JOBS)
            usher = fixture.Usher("--scripts", scripts, "--workers", str(workers))
            try:
                while "third_run" not in log_of(usher) or '"waited"' not in log_of(usher):
                    self.assertIsNone(usher.process.poll(), log_of(usher))
                usher.process.terminate()
                code = usher.process.wait(fixture.PATIENCE)
                return code, log_of(usher)
            finally:
                usher.stop()

    def test_jobs(self):
        for workers in (1, 3):
            with self.subTest(workers=workers):
                code, log = self.run_jobs(workers)
                self.assertEqual(code, 0, log)
                self.assertEqual(log.count('"third_run"'), 1, "one worker runs the jobs")
                self.assertIn("a bug", log)
                self.assertIn('"job":"often"', log)
                self.assertEqual(log.count('"at_end_ran"'), 2, "when draining, and when all else has ended")
                self.assertNotIn("never_ran", log)


if __name__ == "__main__":
    unittest.main()
