# SPDX-License-Identifier: Apache-2.0
"""Rules about the project around the code: build lists, packages, dialect folders, migrations."""
import hashlib
import posixpath
import re

from cpp import includes
from tree import Finding, rule

# --- What comes from the system, and the Debian package it comes in ------------------------------

CMAKE_PACKAGES = {
    "Threads": None, "OpenSSL": "libssl-dev", "SQLite3": "libsqlite3-dev", "fmt": "libfmt-dev",
    "GTest": "libgtest-dev", "PkgConfig": "pkg-config", "CURL": "libcurl4-openssl-dev",
    "Boost": "libboost1.81-dev", "CLI11": "libcli11-dev", "tomlplusplus": "libtomlplusplus-dev",
    "RapidJSON": "rapidjson-dev", "benchmark": "libbenchmark-dev", "tl-expected": "libexpected-dev",
    "Python3": "python3", "Git": "git", "libsodium": "libsodium-dev", "libzstd": "libzstd-dev",
    "ZLIB": "zlib1g-dev", "LibArchive": "libarchive-dev", "LibLZMA": "liblzma-dev",
    "date": "libhowardhinnant-date-dev",
    "libcurl": "libcurl4-openssl-dev", "ccache": "ccache", "mold": "mold",
}
HEADER_PACKAGES = [
    (r"openssl/.*", "libssl-dev"), (r"sqlite3\.h", "libsqlite3-dev"), (r"fmt/.*", "libfmt-dev"),
    (r"sodium\.h", "libsodium-dev"), (r"rapidjson/.*", "rapidjson-dev"),
    (r"tl/.*", "libexpected-dev"), (r"toml\+\+/.*", "libtomlplusplus-dev"),
    (r"CLI/.*", "libcli11-dev"), (r"curl/.*", "libcurl4-openssl-dev"),
    (r"zlib\.h", "zlib1g-dev"), (r"archive(_entry)?\.h", "libarchive-dev"),
    (r"date/.*", "libhowardhinnant-date-dev"),
    (r"lzma\.h", "liblzma-dev"), (r"zstd_errors\.h", "libzstd-dev"),
    (r"boost/.*", "libboost1.81-dev"), (r"gtest/.*", "libgtest-dev"),
    (r"benchmark/.*", "libbenchmark-dev"), (r"zstd\.h", "libzstd-dev"),
    (r"sql_text\.h", "cmake"),  # made by src/store/embed.cmake
    # The C++ library, POSIX and Linux come with g++.
    (r"[a-z_0-9]+", "g++"), (r"(sys|netinet|arpa|linux|net)/\w+\.h", "g++"),
    (r"(unistd|fcntl|dirent|errno|limits|netdb|poll|pthread|pwd|signal|stdint|stdio|stdlib|string"
     r"|termios|time|utime|malloc|sched|ifaddrs|cpuid)\.h", "g++"),
]
# Commands in scripts. What every Debian has (coreutils, grep, sed, dash) is not listed.
COMMAND_PACKAGES = {
    "curl": "curl", "openssl": "openssl", "nginx": "nginx-light", "wrk": "wrk", "git": "git",
    "valgrind": "valgrind", "callgrind_annotate": "valgrind", "python3": "python3",
    "sqlite3": "sqlite3", "jq": "jq", "strace": "strace", "aria2c": "aria2", "xxd": "xxd",
    "nc": "netcat-openbsd", "zsync": "zsync", "ab": "apache2-utils", "hey": "hey", "socat": "socat",
    "clang-tidy-14": "clang-tidy-14", "clang-format-14": "clang-format-14", "wget": "wget",
    "cpio": "cpio", "swugenerator": "swugenerator", "rauc": "rauc", "mkfs.ext4": "e2fsprogs",
    "mender-artifact": "mender-artifact", "zip": "zip", "rpmbuild": "rpm", "xz": "xz-utils",
    "zstd": "zstd", "bzip2": "bzip2", "lz4": "lz4",
    "ps": "procps", "pgrep": "procps", "lsof": "lsof", "bc": "bc", "dd": None,
}
_COMMANDS = "|".join(sorted(map(re.escape, COMMAND_PACKAGES), key=len, reverse=True))
SHELL_COMMAND = re.compile(
    rf"(?m)(?:^|[|;&(`]|\$\(|\b(?:exec|if|then|do|else|while|env|time|timeout \S+)\b|!)[ \t]*"
    rf"({_COMMANDS})(?=[ \t\n])")
PYTHON_COMMAND = re.compile(rf"""\[\s*["']({_COMMANDS})["']""")


def bootstrap_groups(tree):
    """group -> packages, from script/bootstrap."""
    text = tree.texts.get("script/bootstrap", "")
    return {m[1]: set(m[2].split())
            for m in re.finditer(r'(?m)^(build|demo|test|bench|fuzz)="([^"]*)"', text)}


def groups_for(path):
    if path.startswith("bench/"):
        return ("build", "bench")
    if path.startswith("src/") and not path.endswith(("_test.cc", "_fuzz.cc")):
        return ("build",)
    return ("build", "test") if path.startswith(("tests/", "src/", "script/", "CMake", "cmake")) \
        else ("build", "test", "bench", "fuzz")


def needs(tree):
    """(path, line, what, package or None if no table knows it) of everything from the system."""
    for path, text in tree.files("CMakeLists.txt", ".cmake"):
        text = re.sub(r"#[^\n]*", lambda m: " " * len(m[0]), text)
        for line, m in tree.find(path, r"find_package\(\s*([\w-]+)", text):
            yield path, line, m[1], CMAKE_PACKAGES.get(m[1], "?")
        for line, m in tree.find(path, r"pkg_check_modules\(([^)]*)\)", text):
            for word in m[1].split()[1:]:
                word = re.split("[<>=]", word)[0]
                if word not in ("REQUIRED", "QUIET", "IMPORTED_TARGET", "GLOBAL"):
                    yield path, line, word, CMAKE_PACKAGES.get(word, "?")
        for line, m in tree.find(path, r"find_program\(\s*\w+\s+([\w-]+)", text):
            yield path, line, m[1], CMAKE_PACKAGES.get(m[1], "?")
    for path, line, target in includes(tree, local=False):
        package = next((p for r, p in HEADER_PACKAGES if re.fullmatch(r, target)), "?")
        yield path, line, f"<{target}>", package
    for path, text in tree.texts.items():
        if path.startswith("tests/lint/"):
            continue  # samples of what is wrong
        python = path.endswith(".py")
        if not python and not re.match(r"#!.*\b(ba)?sh\b", text) and not path.endswith(".sh"):
            continue
        text = re.sub(r"(?m)(^|(?<=\s))#[^\n]*", lambda m: " " * len(m[0]), text)
        for line, m in tree.find(path, PYTHON_COMMAND if python else SHELL_COMMAND, text):
            yield path, line, m[1], COMMAND_PACKAGES[m[1]]


@rule
def bootstrap_covers_what_the_tree_uses(tree):
    groups, used = bootstrap_groups(tree), set()
    for path, line, what, package in needs(tree):
        used.add(package)
        if package == "?":
            yield Finding(path, line, f"{what}: no package is known for it (tests/lint/project.py)")
        elif package and not any(package in groups.get(g, ()) for g in groups_for(path)):
            yield Finding(path, line, f"{what} needs {package}, which script/bootstrap does not "
                                      f"install for {' or '.join(groups_for(path))}")
    for group, packages in groups.items():
        for package in sorted(packages):
            if re.fullmatch(r"lib.*-dev|rapidjson-dev", package) and package not in used \
                    and package != "libclang-rt-14-dev":
                yield Finding("script/bootstrap", 1, f"nothing uses {package}")


# --- Build lists ---------------------------------------------------------------------------------

@rule
def every_source_is_in_a_cmake_list(tree):
    exact, patterns = set(), []
    for path, text in tree.files("CMakeLists.txt", ".cmake"):
        folder = posixpath.dirname(path)
        for word in re.findall(r'[^\s()";]+\.cc\b', re.sub(r"#[^\n]*", "", text)):
            word = re.sub(r"^\$\{CMAKE_CURRENT_SOURCE_DIR\}/", "", word)
            top = re.match(r"\$\{(CMAKE|PROJECT)_SOURCE_DIR\}/", word)
            full = word[top.end():] if top else posixpath.normpath(posixpath.join(folder, word))
            if "${" in full:
                patterns.append(re.compile(
                    ".+".join(map(re.escape, re.split(r"\$\{\w+\}", full)))))
            else:
                exact.add(full)
    for path, _ in tree.files(".cc"):
        if path not in exact and not any(p.fullmatch(path) for p in patterns):
            yield Finding(path, 1, "is in no CMakeLists.txt: nothing builds it")
    for path in sorted(exact - set(tree.paths)):
        yield Finding("CMakeLists.txt", 1, f"{path} is listed but not in the tree")


@rule
def sources_name_their_licence(tree):
    names = ("dev", "script/bootstrap", "script/server", "script/test", ".ci/run")
    for path, text in tree.files(".cc", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt", *names):
        if path.endswith(names) and path not in names:
            continue
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.split("\n")[:3]):
            yield Finding(path, 1, "no SPDX line in its first three lines")


# --- A dialect is one folder ---------------------------------------------------------------------

TRANSCRIPTS_MIN = 10


@rule
def dialect_folders_are_complete(tree):
    dialects = sorted({p.split("/")[2] for p in tree.paths
                       if p.startswith("src/dialect/") and p.count("/") > 2})
    for name in dialects:
        folder = f"src/dialect/{name}/"
        inside = [p[len(folder):] for p in tree.paths if p.startswith(folder)]
        for what, pattern in [
                ("README.md", r"README\.md"), (f"{name}.h", rf"{name}\.h"),
                ("CMakeLists.txt", r"CMakeLists\.txt"), ("codec.h", r"codec\.h"),
                ("codec.cc", r"codec(?!_test|_fuzz)\w*\.cc"), ("errors.cc", r"errors\.cc"),
                ("policy.cc", r"policy\.(cc|h)"), ("sim_device.cc", r"sim_device\.cc"),
                ("a unit test", r"\w+_test\.cc"), ("a fuzz target", r"\w+_fuzz\.cc"),
                ("corpus/", r"corpus/.+")]:
            if not any(re.fullmatch(pattern, f) for f in inside):
                yield Finding(folder, 1, f"{what} is missing")
        transcripts = sum(bool(re.fullmatch(r"testdata/.+\.http", f)) for f in inside)
        if transcripts < TRANSCRIPTS_MIN:
            yield Finding(folder, 1, f"{transcripts} transcripts, {TRANSCRIPTS_MIN} are the least")
        product = tree.texts.get("src/server/product.cc")
        if product is not None and f"dialect/{name}/{name}.h" not in product:
            yield Finding("src/server/product.cc", 1, f"dialect {name} is not in the product")


# --- Migrations ----------------------------------------------------------------------------------

MIGRATION_HASHES = "tests/lint/migrations.sha256"
MIGRATION = re.compile(r"src/store/(?:.*/)?migrations/(\d{4})_\w+(\.\w+)?\.sql")


def noted_hashes(tree):
    return dict(reversed(line.split(None, 1))
                for line in tree.texts.get(MIGRATION_HASHES, "").splitlines() if line.strip())


def hash_of(tree, path):
    return hashlib.sha256(tree.texts[path].encode()).hexdigest()


def migration_hashes_with_new(tree):
    noted = noted_hashes(tree)
    for path in tree.texts:
        if MIGRATION.fullmatch(path):
            noted.setdefault(path, hash_of(tree, path))
    return "".join(f"{noted[path]}  {path}\n" for path in sorted(noted))


@rule
def migrations_are_consecutive_and_never_edited(tree):
    noted, numbers = noted_hashes(tree), {}
    for path in sorted(tree.texts):
        match = MIGRATION.fullmatch(path)
        if match:
            numbers.setdefault(posixpath.dirname(path), set()).add(int(match[1]))
            if path not in noted:
                yield Finding(path, 1, "is not noted: tests/lint/lint.py --add-migrations")
            elif noted[path] != hash_of(tree, path):
                yield Finding(path, 1, "was edited after it was noted: write a new migration")
        elif re.match(r"src/store/.*migrations/.*\.sql$", path):
            yield Finding(path, 1, "is not named NNNN_what.sql")
    for path in sorted(set(noted) - set(tree.texts)):
        yield Finding(MIGRATION_HASHES, 1, f"{path} is noted but gone")
    for folder, found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield Finding(folder, 1, f"numbers are not 1 to {len(found)}")
