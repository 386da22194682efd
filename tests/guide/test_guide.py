# SPDX-License-Identifier: MIT
"""The examples of README.md and scripts/README.md do what they say, in their order, with the real binary."""
import pathlib
import shutil
import subprocess
import unittest

import document
from typist import SCRIPTS, Typist

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Readme(unittest.TestCase):
    def test_every_block(self):
        tasks = subprocess.run([ROOT / "dev", "--help"], capture_output=True, text=True, check=True).stdout
        with Typist() as typist:
            typist.serve("usher dev")
            for block in document.blocks(ROOT / "README.md"):
                with self.subTest(line=block.line):
                    if block.kind == "sh" and block.text[0].startswith("./dev "):
                        for line in block.text:  # not run: one of them runs this
                            self.assertIn(f"\n  {line.split()[1]} ", tasks)
                    else:
                        typist.follow(block)


class Guide(unittest.TestCase):
    def test_every_block(self):
        with Typist() as typist:
            for block in document.blocks(ROOT / "scripts/README.md"):
                typist.follow(block)
            self.lint(pathlib.Path(typist.home.name, SCRIPTS))

    def lint(self, folder):
        """What an author has after following the guide is clean."""
        if not shutil.which("luacheck"):
            self.skipTest("no luacheck here: apt-get install lua-check")
        done = subprocess.run(["luacheck", "-q", "--no-color", "."], cwd=folder, capture_output=True, text=True,
                              check=False)
        self.assertEqual(0, done.returncode, done.stdout)


class Document(unittest.TestCase):
    def test_what_is_printed_is_compared(self):
        rows = [(["a"], "a\n", True), (["a"], "b\n", False), (["a…c"], "abbc\n", True), (["a…"], "a\nb\n", False),
                (["a", "…"], "a\nb\nc\n", True), (["…", "c"], "a\nb\nc\n", True), ([], "", True), ([], "a\n", False),
                (["a.c"], "abc\n", False), (["a"], "a", True), (["a", "…", "c"], "a\nc\n", True)]
        for expected, printed, fits in rows:
            with self.subTest(expected=expected, printed=printed):
                self.assertEqual(fits, document.fits(expected, printed))

    def test_a_block_of_no_known_kind_is_refused(self):
        for fence in ("```", "```json", "```python"):
            with self.subTest(fence=fence), Typist() as typist:
                path = pathlib.Path(typist.home.name, "a.md")
                path.write_text(f"{fence}\nusher frobnicate\n```\n")
                self.assertRaises(document.Fault, document.blocks, path)

    def test_a_wrong_example_is_found(self):
        rows = [("console", "$ echo one", "two"), ("console", "$ echo one"), ("sh", "false"), ("lua", "return 1"),
                ("diff", "--- routes.lua", " nothing of the kind"), ("console", "one", "$ echo one")]
        for kind, *text in rows:
            with self.subTest(kind=kind, text=text), Typist() as typist:
                typist.type("usher eject my-scripts")
                self.assertRaises(document.Fault, typist.follow, document.Block(kind, 1, list(text)))


if __name__ == "__main__":
    unittest.main()
