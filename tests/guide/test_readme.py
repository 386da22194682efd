# SPDX-License-Identifier: MIT
"""The README's tables against the tree: whoever adds a file, a code, a command or a package has to name it there."""
import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
import process

README = (ROOT / "README.md").read_text()
OPTION = re.compile(r"(?<![\w`])`?(--[a-z][a-z-]+)")
COMMON = {"--config", "--scripts", "--dev"}
METRIC = re.compile(r"""(?:describe\(|count\(|gauge\(|^  \{ )"([A-Z]+_[A-Z_]*[A-Z])",""", re.M)
REFUSAL = re.compile(r"\b([45]\d\d), *[\"']([a-z_]+)[\"']")
FIELD = re.compile(r"""wrong\("([a-z_]+)"|field = "?\w+"?, code = "([a-z_]+)"|field\("\w+", "([a-z_]+)"|"(password_(?:needs|not|space|too)_[a-z_]+)\"""")


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.S | re.M)[1]


def rows(text, head=""):
    """The cells of each row below the heading row that begins with `| head`."""
    table = text[text.index("| " + head):].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def quoted(text):
    return re.findall(r"`([^`]+)`", text)


def sources(*patterns):
    """What makes the server, and not its sandbox or its specs."""
    for pattern in patterns:
        for path in ROOT.glob(pattern):
            if "sandbox" not in path.parts and not path.name.endswith("_spec.lua"):
                yield path, path.read_text()


class Codes(unittest.TestCase):
    def test_errors(self):
        told = set()
        for status, codes, _ in rows(section("Error codes"), "status"):
            statuses, codes = status.split(", "), quoted(codes)
            pairs = zip(statuses, codes) if len(codes) > 1 else ((one, codes[0]) for one in statuses)
            told |= set(pairs)
        emitted = {pair for _, text in sources("core/*.c", "bindings/*.c", "bindings/*.lua", "scripts/**/*.lua")
                   for pair in REFUSAL.findall(text)}
        self.assertEqual(emitted, told)

    def test_fields(self):
        told = set(quoted(re.search(r"^Codes of `fields`:(.*?)\n\n", README, re.S | re.M)[1]))
        emitted = {code for _, text in sources("scripts/**/*.lua") for found in FIELD.findall(text) for code in found if code}
        self.assertEqual(emitted, told)


class Rooms(unittest.TestCase):
    def named(self, room):
        return {word for row in rows(section("The map of the rooms"), room + "/ |") for word in quoted(row[0])}

    def test_core(self):
        self.assertEqual(self.named("core"), {path.stem for path in ROOT.glob("core/*.[ch]")})

    def test_bindings(self):
        there = {path.stem for path in ROOT.glob("bindings/*.[ch]")} | {path.name for path in ROOT.glob("bindings/*.lua")}
        self.assertEqual(self.named("bindings"), there)

    def test_scripts(self):
        table = rows(section("The map of the rooms"), "scripts/ |")
        folders = {row[0].strip("`").rstrip("/"): quoted(row[1]) for row in table if row[0].endswith("/`")}
        folders["lib"] = self.named("scripts/lib")
        for folder in ("flows", "hooks", "triggers", "lib"):
            there = {path.stem for path in (ROOT / "scripts" / folder).glob("*") if not path.name.endswith("_spec.lua")}
            self.assertEqual({word.rstrip("/") for word in folders[folder]}, there, folder)
        sandbox = next(row[1] for row in table if row[0] == "`sandbox/`").lower()
        for path in (ROOT / "scripts/sandbox").glob("*"):
            self.assertTrue(path.stem == "init" or re.search(rf"\b{path.stem.replace('_', '[_ ]')}\b", sandbox), path.stem)
        for folder in (ROOT / "scripts").iterdir():
            if folder.is_dir():
                self.assertIn(f"`{folder.name}/`", README)

    def test_tests(self):
        for room in (ROOT / "tests").iterdir():
            if room.is_dir() and not (ROOT / room.name).is_dir():
                self.assertIn(f"`{room.name}/`", README, "a room of tests/")


class Commands(unittest.TestCase):
    def test_each_is_told(self):
        told = {word for row in rows(section("Commands"), "command") for word in re.findall(r"[a-z]+", row[0])}
        listed = re.findall(r"^  ([a-z]+) ", process.run("--help")[1], re.M)
        self.assertGreater(len(listed), 8)
        self.assertEqual(set(listed) - told, set())

    def test_each_option(self):
        """The commands that are scripts all take COMMON, which the row of `usher NAME` tells."""
        told, listed = {}, {}
        for cell, what in rows(section("Commands"), "command"):
            names = tuple(re.findall(r"`(?:usher )?([a-z]+)\b(?! NAME)", cell))
            told.setdefault(names, set()).update(OPTION.findall(cell + what))
            listed[names] = {option for name in names for option in OPTION.findall(process.run(name, "--help")[1])}
        told.pop(())
        for names, options in told.items():
            with self.subTest(names):
                self.assertEqual(listed[names] - COMMON, options - COMMON)


class Metrics(unittest.TestCase):
    def test_each_is_told(self):
        told, last = set(), ""
        for cell, _ in rows(section("Metrics"), "metric"):
            for name in quoted(cell):
                last = re.sub(r"_[A-Z]+$", name, last) if name[0] == "_" else name
                told.add(last)
        counted = {name for _, text in sources("bindings/*.lua", "scripts/**/*.lua") for name in METRIC.findall(text)}
        self.assertGreater(len(counted), 20)
        self.assertEqual({name for name in told if name.isupper()}, counted)


class Settings(unittest.TestCase):
    def test_each_that_is_named_exists(self):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write('for name, value in pairs(require "config") do print(name) '
                         'if type(value) == "table" then for key in pairs(value) do print(name .. "." .. key) end end end')
            script.flush()
            code, said, problem = process.run("exec", script.name)
        self.assertEqual(code, 0, problem)
        there = set(said.split())
        sections = {name.split(".")[0] for name in there if "." in name}
        named = {word for word in re.findall(r"`([a-z_]+\.[a-z_]+)`", README) if word.split(".")[0] in sections}
        self.assertGreater(len(named), 10)
        self.assertEqual({word for word in named - there if not self.is_code(word)}, set())

    def is_code(self, word):
        """A file's name, a function of a binding, a module of the scripts."""
        room, name = word.split(".")
        types = ROOT / f"scripts/.types/{room}.lua"
        return name == "lua" or (ROOT / f"scripts/{room}/{name}.lua").exists() or (
            types.exists() and f"function {word}(" in types.read_text())


class Links(unittest.TestCase):
    def headings(self, path):
        """The anchors of a document, as GitHub makes them."""
        titles = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
        return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}

    def test_each_leads_somewhere(self):
        for name in ("README.md", "scripts/README.md"):
            links = re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]*))?\)", (ROOT / name).read_text())
            self.assertGreater(len(links), 1)
            for path, anchor in links:
                with self.subTest(name, path=path, anchor=anchor):
                    target = (ROOT / name).parent / path if path else ROOT / name
                    self.assertTrue(target.exists())
                    self.assertTrue(not anchor or anchor in self.headings(target))


class Packages(unittest.TestCase):
    def test_each_has_its_reason(self):
        lists = re.findall(r'^(?:BUILD|TEST|CHECK|BENCH)="(.*)"$', (ROOT / "dev").read_text(), re.M)
        image = re.search(r"install -y --no-install-recommends (.*) \\$", (ROOT / "Dockerfile").read_text(), re.M)[1]
        wanted = {package for words in [*lists, image] for package in words.split()}
        told = section("Dependencies")
        self.assertEqual(len(lists), 4)
        self.assertEqual({package for package in wanted if not re.search(rf"(?<![\w-]){re.escape(package)}(?![\w-])", told)}, set())


if __name__ == "__main__":
    unittest.main()
