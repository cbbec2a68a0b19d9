# SPDX-License-Identifier: Apache-2.0
"""The checkout as the rules see it: path -> text. lint_test.py gives rules a small one instead."""
import bisect
import os
import re
import subprocess
from pathlib import Path

CODE = (".cc", ".h")
RULES = []


def rule(function):
    """Registers a rule: a function from a Tree to findings, named after what must hold."""
    RULES.append(function)
    return function


class Finding:
    def __init__(self, path, line, text, fatal=True):
        self.path, self.line, self.text, self.fatal = path, line, text, fatal

    def __str__(self):
        return f"{self.path}:{self.line}: {'' if self.fatal else 'note: '}{self.text}"


# What looks like code but is not: comments, raw strings, strings, characters. A quote after a digit
# or letter is a digit separator.
_NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\\\s]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'", re.S)


def _blank(match):
    text = match.group(0)
    kept = '"' if text[0] in '"R' else ("'" if text[0] == "'" else " ")
    return kept + re.sub(r"[^\n]", " ", text[1:-1]) + (kept if len(text) > 1 else "")


class Tree:
    def __init__(self, texts, sizes=None):
        self.texts = texts  # path -> text; only files that are text
        self.paths = sorted(sizes if sizes is not None else texts)  # all files
        self._code = {}
        self._lines = {}

    @staticmethod
    def of_checkout(root):
        listing = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=root,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        paths = [p for p in listing.stdout.decode().split("\0") if p and (root / p).is_file()]
        if listing.returncode:  # an unpacked archive, or somebody else's checkout
            paths = [str((Path(folder) / name).relative_to(root))
                     for folder, _, names in os.walk(root) for name in names
                     if not re.match(r"(build|data|\.cache)(/|$)",
                                     str(Path(folder).relative_to(root)))]
        texts = {}
        for path in paths:
            if (root / path).is_symlink():
                continue  # a page under a second name
            data = (root / path).read_bytes()
            if b"\0" not in data:
                try:
                    texts[path] = data.decode()
                except UnicodeDecodeError:
                    pass  # bytes of a wire
        return Tree(texts, paths)

    def files(self, *suffixes, under=""):
        """(path, text) of text files by ending and folder."""
        return [(p, t) for p, t in sorted(self.texts.items())
                if p.startswith(under) and p.endswith(suffixes)]

    def code(self, path):
        """The text with comments and literals blanked: same length, same lines."""
        if path not in self._code:
            self._code[path] = _NOT_CODE.sub(_blank, self.texts[path])
        return self._code[path]

    def line(self, path, offset):
        if path not in self._lines:
            text = self.texts.get(path, "")
            self._lines[path] = [m.start() for m in re.finditer("\n", text)]
        return bisect.bisect_left(self._lines[path], offset) + 1

    def find(self, path, pattern, text=None):
        """Line numbers and matches of a pattern in the code of a file (or in `text`)."""
        for match in re.finditer(pattern, self.code(path) if text is None else text):
            yield self.line(path, match.start()), match


def is_test(path):
    """Tests, their helpers and benchmarks: code that users never run."""
    return path.startswith(("tests/", "bench/")) or re.search(r"_(test|fuzz|bench)\.cc$", path)


def room_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None
