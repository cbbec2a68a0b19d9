# SPDX-License-Identifier: Apache-2.0
"""Rules over C++ sources: who includes whom, what is not called, shapes and sizes."""
import posixpath
import re

from tree import CODE, Finding, is_test, room_of, rule

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def layer_table(tree):
    """room -> rooms it may use, as cmake/otaru.cmake says."""
    text = tree.texts.get("cmake/otaru.cmake", "")
    return {m[1]: set(filter(None, m[2].split(";")))
            for m in re.finditer(r'set\(OTARU_LAYER_(\w+)\s+"([^"]*)"\)', text)}


def includes(tree, under="", local=True):
    """(path, line, included) of every #include "..." or, with local=False, #include <...>."""
    for path, text in tree.files(*CODE, under=under):
        for match in INCLUDE.finditer(text):
            if (match[1] == '"') == local:
                yield path, tree.line(path, match.start()), match[2]


@rule
def includes_follow_the_layer_table(tree):
    layers = layer_table(tree)
    for path, line, target in includes(tree):
        if target.startswith("tests/"):
            found = target in tree.texts
        else:
            found = {f"src/{target}", f"src/{target}.in"} & tree.texts.keys() or posixpath.normpath(
                posixpath.join(posixpath.dirname(path), target)) in tree.texts
        if not found:
            yield Finding(path, line, f'"{target}" is not in the tree (write the path from src/)')
        room, other = room_of(path), target.split("/")[0]
        if room is None or is_test(path) or other not in layers or other == room:
            continue
        if other not in layers.get(room, ()):
            yield Finding(path, line, f'room {room} may not use {other} (cmake/otaru.cmake)')


@rule
def dialects_never_include_dialects(tree):
    for path, line, target in includes(tree, under="src/dialect/"):
        own, other = path.split("/")[2:-1], target.split("/")
        if own and other[0] == "dialect" and len(other) > 2 and other[1] != own[0]:
            yield Finding(path, line, f"dialect {own[0]} includes dialect {other[1]}")


# System headers that only some rooms may know. Tests are free.
WAITING = r"thread|condition_variable|future|semaphore|latch|barrier"
LOCKS_AND_CLOCKS = r"mutex|shared_mutex|chrono|ctime|time\.h"
SOCKETS = r"sys/socket\.h|sys/epoll\.h|netinet/.*|arpa/.*|netdb\.h|poll\.h|boost/asio.*"
ONLY_IN = [
    # sim: the network of simulated devices; outbound: addresses of requests to others
    (SOCKETS, {"net", "sim", "outbound"}),
    (r"sqlite3\.h", {"store"}),
    (r"rapidjson/.*", {"base"}),
    (r"boost/.*", {"net"}),
    (r"CLI/.*|toml\+\+/.*", {"cli", "server"}),
    (r"archive(_entry)?\.h|lzma\.h", {"inspect"}),
    (r"curl/.*", {"cli", "outbound"}),
    (r"regex|iostream", {"cli"}),
    (rf"{WAITING}|{LOCKS_AND_CLOCKS}|atomic|sys/.*|unistd\.h|fcntl\.h|filesystem|fstream|c?stdio.*",
     {"base", "app", "http", "net", "store", "blob", "outbound", "maintain", "dialect", "api",
      "sim", "cli", "server"}),
    (WAITING, {"base", "app", "net", "store", "blob", "api", "sim", "cli", "server"}),
]


@rule
def system_headers_stay_in_their_rooms(tree):
    for path, line, target in includes(tree, under="src/", local=False):
        room = room_of(path)
        if room is None or is_test(path):
            continue
        for pattern, rooms in ONLY_IN:
            if room not in rooms and re.fullmatch(pattern, target):
                yield Finding(path, line, f"<{target}> may not be included in {room}/")
                break


HEAVY = r"regex|iostream|fstream|filesystem|ranges|sstream|nlohmann/.*|rapidjson/.*|boost/.*" \
        r"|CLI/.*|toml\+\+/.*|gtest/.*|gmock/.*|openssl/.*|sqlite3\.h|curl/.*|fmt/.*|benchmark/.*"
# Headers inside one room that exist to hold what is heavy.
HEAVY_ALLOWED = {"gtest/gtest.h": r"tests/", "boost/.*": r"src/net/", "CLI/.*": r"src/cli/cli11.h"}


@rule
def headers_are_light(tree):
    for path, line, target in includes(tree, local=False):
        if path.endswith(".h") and re.fullmatch(HEAVY, target):
            if not any(re.fullmatch(k, target) and path.startswith(v)
                       for k, v in HEAVY_ALLOWED.items()):
                yield Finding(path, line, f"<{target}> is too heavy for a header")
    for path, line, target in includes(tree):
        if path.endswith(".h") and target == "cli/cli11.h":
            yield Finding(path, line, f'"{target}" is too heavy for a header')


@rule
def headers_have_pragma_once(tree):
    for path, text in tree.files(".h"):
        if not re.search(r"^#pragma once$", text, re.M):
            yield Finding(path, 1, "no #pragma once")


# pattern, what to do instead, files (regex) that may. Comments and literals do not count.
BANNED = [
    (r"\bsystem_clock\s*::\s*now|\bgettimeofday\s*\(|\btime\s*\(\s*(nullptr|NULL|0)",
     "time comes in as a base::Clock", r"src/base/time\.cc"),
    (r"\bsteady_clock\s*::\s*now|\bclock_gettime\s*\(", "time comes in as a parameter",
     r"src/(base/time\.cc|net/.*|cli/.*|app/committer\.cc)|bench/.*|tests/.*"),
    (r"(?<![.>])(?<!Random )(?<!Random& )\b(s?rand|random|[dlm]rand48)\s*\("
     r"|\brandom_device\b|\bmt19937",
     "randomness is a base::Random", r"src/base/random\.cc"),
    (r"\b(sleep|usleep|nanosleep|sleep_for|sleep_until)\s*\(", "wait for the event itself",
     r"src/cli/.*|bench/.*"),
    (r"\b(secure_)?getenv\s*\(", "configuration is read in one place",
     r"src/server/main\.cc|src/cli/.*|tests/.*|bench/.*"),
    (r"\bstd\s*::\s*(cout|cerr|clog)\b|(?<![\w:.>])(std\s*::\s*)?(printf|puts|putchar)\s*\(",
     "use base/log.h", r"src/(cli|server)/.*|tests/.*|bench/.*|.*_(test|fuzz)\.cc"),
    # (GoogleTest takes the test objects of registered tests over.)
    (r"(?<!operator )\bnew\s+(\([^)]*\)\s*)?[A-Za-z_:]", "std::make_unique", r"tests/support/.*"),
    (r"(?<!= )(?<!operator )\bdelete\b", "owners free what they own", None),
    (r"\b(strftime|localtime|gmtime|asctime|ctime)\s*\(", "dates are written by base/time.h",
     r"src/base/time\.cc"),
    (r"\b(strcpy|strcat|sprintf|gets|atoi|atol|atof|strtok)\s*\(", "use a bounded or checked one",
     None),
    (r"\busing\s+namespace\b", "unity builds: names would leak into other files", None),
    (r"\bassert\s*\(", "OTARU_ASSERT stays on in release builds", None),
]
# Constructors that are private on purpose: std::make_unique cannot reach them.
OWNED_NEW = re.compile(r"(unique_ptr|shared_ptr)\s*<[^;{}]*>\s*(\w+\s*)?[({]\s*new\b[^;]*")


@rule
def no_banned_calls(tree):
    for path, _ in tree.files(*CODE):
        code = OWNED_NEW.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), tree.code(path))
        for pattern, instead, allowed in BANNED:
            if allowed and re.fullmatch(allowed, path):
                continue
            for line, match in tree.find(path, pattern, code):
                yield Finding(path, line, f"'{match[0].strip()}' is banned here: {instead}")


@rule
def no_left_overs(tree):
    for path, text in tree.files(*CODE, ".py", ".sh", ".cmake", "CMakeLists.txt"):
        for line, match in tree.find(path, r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", text):
            yield Finding(path, line, f"{match[0]}: do it, or write an issue")
    for path, text in tree.texts.items():
        for line, match in tree.find(path, r"(?m)^(<{7}|>{7}) ", text):
            yield Finding(path, line, "a merge left its marks")


# g++ 12 miscompiles these (docs/decisions/0003-coroutines-only-in-net.md).
AWAIT_SHAPES = r"co_await[^;]*[\[{]|\?[^;]*co_await|:\s*co_await|(TRY|CHECK)\([^;]*co_await"


@rule
def co_await_has_a_safe_shape(tree):
    for path, _ in tree.files(*CODE):
        code = tree.code(path)
        if not path.startswith("src/net/") and not is_test(path):
            for line, match in tree.find(path, r"\bco_(await|return|yield)\b"):
                yield Finding(path, line, f"{match[0]}: coroutines live in net/ only")
        for line, match in tree.find(path, AWAIT_SHAPES, code.replace("::", "..")):
            yield Finding(path, tree.line(path, match.start() + match[0].rfind("co_await")),
                          "one co_await per statement, on a call with named arguments")


@rule
def macros_do_not_leak(tree):
    # A define right before <...> configures that library.
    pattern = r"(?m)^[ \t]*#[ \t]*define[ \t]+(\w+)(?![^\n]*\n(#define[^\n]*\n)*#include[ \t]*<)"
    for path, _ in tree.files(".cc"):
        code = tree.code(path)
        for line, match in tree.find(path, pattern):
            if not re.search(rf"(?m)^[ \t]*#[ \t]*undef[ \t]+{match[1]}\b", code):
                yield Finding(path, line, f"{match[1]} stays defined: #undef it (unity builds)")


COLUMNS = 100
LINES, LINES_HABIT = 800, 400
FUNCTION_LINES, FUNCTION_LINES_HABIT = 100, 70


@rule
def lines_fit_100_columns(tree):
    for path, text in tree.files(*CODE, ".py", ".sh", ".cmake", "CMakeLists.txt", "dev",
                                 "script/bootstrap", "script/server", "script/test"):
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > COLUMNS:
                yield Finding(path, number, f"{len(line)} columns, {COLUMNS} are allowed")


@rule
def files_fit_a_head(tree):
    for path, text in tree.files(*CODE, ".py", ".sh", ".ts", ".tsx"):
        lines = text.count("\n")
        if lines > LINES_HABIT:
            yield Finding(path, 1, f"{lines} lines (habit {LINES_HABIT}, limit {LINES})",
                          fatal=lines > LINES)


def functions(code):
    """(start offset, end offset) of the bodies at namespace or class level, found by braces."""
    stack, last, previous = [], 0, None
    for match in re.finditer(r"[;{}]|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*", code, re.M):
        mark = match[0]
        if mark == ";" or mark not in "{}":
            last, previous = match.end(), None
            continue
        if mark == "{":
            head = code[last:match.start()]
            inside = any(kind == "function" for kind, _ in stack)
            if previous is not None and re.fullmatch(r"\s*(,[^;]*)?", head):
                stack.append(("function", previous))  # body after `: member_{value}`
            elif re.search(r"\b(namespace|class|struct|union|enum|extern)\b[^()=]*$", head):
                stack.append(("scope", 0))
            elif not inside and re.search(r"\)[^()]*(\([^()]*\))?[^()]*$", head):
                stack.append(("function", last + len(head) - len(head.lstrip())))
            else:
                stack.append(("other", 0))
            last, previous = match.end(), None
        elif stack:
            kind, start = stack.pop()
            inside = any(k == "function" for k, _ in stack)
            previous = start if kind == "function" and not inside else None
            if previous is not None:
                yield start, match.end()
            last = match.end()


@rule
def functions_fit_a_screen(tree):
    for path, _ in tree.files(*CODE):
        code, seen = tree.code(path), {}
        for start, end in functions(code):
            seen[start] = max(end, seen.get(start, 0))
        for start, end in seen.items():
            lines = code.count("\n", start, end) + 1
            if lines > FUNCTION_LINES_HABIT:
                yield Finding(path, tree.line(path, start), fatal=lines > FUNCTION_LINES,
                              text=f"function of {lines} lines (habit {FUNCTION_LINES_HABIT}, "
                                   f"limit {FUNCTION_LINES})")
