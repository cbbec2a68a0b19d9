# SPDX-License-Identifier: Apache-2.0
"""Rules about what is written for people."""
import posixpath
import re

from tree import Finding, rule

FENCE = re.compile(r"^(```+|~~~+)(\w*)[^\n]*\n(.*?)^\1[ \t]*$", re.M | re.S)


def without(pattern, text):
    """The text with matches blanked, lines kept."""
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def anchors(text):
    """The anchors a reader of the rendered page can jump to."""
    found = set()
    for title in re.findall(r"(?m)^#+ +(.*?)[ #]*$", without(FENCE, text)):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower())
        found.add(slug.strip().replace(" ", "-"))
    return found


@rule
def pages_have_one_title(tree):
    for path, text in tree.files(".md"):
        titles = re.findall(r"(?m)^# ", without(FENCE, text))
        if len(titles) != 1:
            yield Finding(path, 1, f"{len(titles)} titles of the first level, one is wanted")


@rule
def links_resolve(tree):
    folders = {posixpath.dirname(p) for p in tree.paths}
    folders |= {posixpath.dirname(f) for f in folders} | {""}
    for path, text in tree.files(".md"):
        prose = without(re.compile(r"`[^`\n]*`"), without(FENCE, text))
        for line, match in tree.find(path, r"\]\(\s*<?([^)\s>]+)>?[^)]*\)", prose):
            target, _, anchor = match[1].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            full = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) \
                if target else path
            if full not in tree.paths and full not in folders:
                yield Finding(path, line, f"{match[1]} leads nowhere")
            elif anchor and full in tree.texts and anchor not in anchors(tree.texts[full]):
                yield Finding(path, line, f"{match[1]}: the page has no such heading")


@rule
def pages_named_in_code_exist(tree):
    for path, text in tree.files(".cc", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt", "dev"):
        if path.startswith("tests/lint/lint_test"):
            continue
        for line, match in tree.find(path, r"(?<![\w/])(docs/[\w/.-]+\.md)\b", text):
            if match[1] not in tree.paths:
                yield Finding(path, line, f"{match[1]} does not exist")


@rule
def the_session_of_the_readme_is_executed(tree):
    readme = tree.texts.get("README.md", "")
    runner = tree.texts.get("tests/e2e/readme.sh", "")
    if any(m[2] == "console" for m in FENCE.finditer(readme)) and "README.md" not in runner:
        yield Finding("README.md", 1, "has a console block, but tests/e2e/readme.sh runs none")


@rule
def the_readme_names_the_two_commands(tree):
    for command in ("script/server", "script/test"):
        if "README.md" in tree.texts and command not in tree.texts["README.md"]:
            yield Finding("README.md", 1, f"does not say that there is {command}")


TEST_CASE = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")


@rule
def promised_behaviour_has_tests(tree):
    cases = {f"{m[1]}.{m[2]}" for p, t in tree.files("_test.cc") for m in TEST_CASE.finditer(t)}
    text = tree.texts.get("BEHAVIOUR.md", "")
    for line, entry in tree.find("BEHAVIOUR.md", r"(?m)^[*-] .*(\n[ \t]+\S.*)*", text):
        names = re.findall(r"`([A-Z]\w*\.\w+|[\w./-]+\.(?:http|sh|py|cc))`", entry[0])
        if not names:
            yield Finding("BEHAVIOUR.md", line, "names no test")
        for name in names:
            if name not in cases and name not in tree.paths:
                yield Finding("BEHAVIOUR.md", line, f"{name} is no test of the tree")


# Folders of somebody's machine do not belong into a project.
MACHINE_PATHS = r"(?m)(?:^|[^A-Za-z0-9_.])/(home|root|tmp/[a-z]+|work)/"


@rule
def no_paths_of_a_machine(tree):
    for path, text in tree.texts.items():
        if not path.startswith("tests/lint/"):
            for line, match in tree.find(path, MACHINE_PATHS, text):
                yield Finding(path, line, f"'{match[0].strip()}' is a folder of one machine")
