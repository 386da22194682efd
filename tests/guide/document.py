# SPDX-License-Identifier: MIT
"""A Markdown document as its fenced blocks. What a block is, its language says; a block of another language is refused.

lua      a file: its first line is the comment `-- FOLDER/NAME.lua`
diff     a change of a file: `--- FOLDER/NAME`, then lines that stand there (" "), go ("-") or come ("+")
console  commands after "$ " (and "> "), each with what it prints; "…" is anything, alone on a line: any lines
sh       commands to copy, without what they print: each must succeed
text     a drawing: nothing to type, nothing to check
"""
import collections
import pathlib
import re

Block = collections.namedtuple("Block", "kind line text")
Command = collections.namedtuple("Command", "line text expected")
KINDS = {"lua", "diff", "console", "sh", "text"}


class Fault(AssertionError):
    pass


def blocks(path):
    """-> its fenced blocks in order."""
    found, kind, start, lines = [], None, 0, []
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        fence = re.match(r"^```(.*)$", line)
        if not fence:
            lines.append(line)
        elif kind is None:
            kind, start, lines = fence[1], number, []
            if kind not in KINDS:
                raise Fault(f"{path}:{number}: a block of '{kind}' is checked by nobody: {', '.join(sorted(KINDS))}")
        else:
            found.append(Block(kind, start, lines))
            kind, lines = None, []
    if kind is not None:
        raise Fault(f"{path}:{start}: the block has no end")
    return found


def file_of(block):
    """A lua block -> name, text."""
    name = re.match(r"^-- ([\w/]+\.lua)$", block.text[0])
    if not name:
        raise Fault(f"line {block.line}: a lua block begins with the comment -- FOLDER/NAME.lua")
    return name[1], "\n".join(block.text) + "\n"


def changed(block, folder):
    """A diff block -> name, text of the file as it is then."""
    name = re.match(r"^--- ([\w/]+\.\w+)$", block.text[0])
    if not name or any(line[:1] not in " -+" for line in block.text[1:]):
        raise Fault(f"line {block.line}: a diff begins with --- FOLDER/NAME; its lines with ' ', '-' or '+'")
    before = "".join(line[1:] + "\n" for line in block.text[1:] if line[0] != "+")
    after = "".join(line[1:] + "\n" for line in block.text[1:] if line[0] != "-")
    text = pathlib.Path(folder, name[1]).read_text()
    if text.count("\n" + before) != 1:
        raise Fault(f"line {block.line}: {text.count(before)} places of {name[1]} look like this:\n{before}")
    return name[1], text.replace("\n" + before, "\n" + after)


def session(block):
    """A console block -> list of Command."""
    commands = []
    for number, line in enumerate(block.text, block.line + 1):
        if line.startswith("$ "):
            commands.append(Command(number, line[2:], []))
        elif line.startswith("> ") and commands and not commands[-1].expected:
            commands[-1] = commands[-1]._replace(text=commands[-1].text + "\n" + line[2:])
        elif commands:
            commands[-1].expected.append(line)
        else:
            raise Fault(f"line {number}: a console block begins with a command, '$ …'")
    return commands


def to_copy(block):
    """An sh block -> list of Command; what ends inside a quotation, or with a backslash, goes on in the next line."""
    commands = []
    for number, line in enumerate(block.text, block.line + 1):
        open_quote = commands and commands[-1].text.count("'") % 2 == 1
        if commands and (open_quote or commands[-1].text.endswith("\\")):
            commands[-1] = commands[-1]._replace(text=commands[-1].text + "\n" + line)
        else:
            commands.append(Command(number, line, []))
    return commands


def fits(expected, printed):
    """Do the lines expected describe the text printed?"""
    pattern = ""
    for line in expected:
        if line == "…":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\n]*?".join(re.escape(part) for part in line.split("…")) + "\n"
    return re.fullmatch(pattern, printed.rstrip("\n") + "\n" if printed.strip() else "") is not None
