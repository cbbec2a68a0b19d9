#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that each rule of lint.py can fail, and that it leaves good text alone. Samples are small
trees: path -> text. The last line counts samples."""
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import cpp  # noqa: E402,F401
import docs  # noqa: E402,F401
import project  # noqa: E402
from tree import RULES, Tree  # noqa: E402

LAYERS = 'set(OTARU_LAYER_base "")\nset(OTARU_LAYER_domain "base")\nset(OTARU_LAYER_net "base")\n' \
         'set(OTARU_LAYER_dialect "base;domain")\n'
BASE = {"cmake/otaru.cmake": LAYERS, "src/base/a.h": "", "src/net/n.h": "", "src/domain/d.h": ""}
BOOTSTRAP = 'build="g++ libssl-dev"\ntest="curl openssl"\n'
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
SQL = "src/store/sqlite/migrations/"
FULL_DIALECT = {f"src/dialect/x/{f}": "" for f in [
    "README.md", "x.h", "CMakeLists.txt", "codec.h", "codec.cc", "errors.cc", "policy.cc",
    "sim_device.cc", "x_test.cc", "codec_fuzz.cc", "corpus/1",
    *(f"testdata/{i:02}_a.http" for i in range(10))]}


def cc(text, path="src/domain/x.cc"):
    return {path: text}


def function(lines):
    return "int f(int a) {\n" + "  a = 1;\n" * (lines - 2) + "}\n"


# rule, bad sample, what the finding says. Several for one rule where it has several ways.
BAD = [
    ("includes_follow_the_layer_table", {**BASE, **cc('#include "net/n.h"')}, "domain may not use"),
    ("includes_follow_the_layer_table", {**BASE, **cc('#include "base/no.h"')}, "not in the tree"),
    ("dialects_never_include_dialects", cc('#include "dialect/b/b.h"', "src/dialect/a/a.cc"),
     "dialect a includes dialect b"),
    ("system_headers_stay_in_their_rooms", cc("#include <mutex>"), "in domain/"),
    ("system_headers_stay_in_their_rooms", cc("#include <thread>", "src/dialect/a/a.cc"), "thread"),
    ("system_headers_stay_in_their_rooms", cc("#include <sqlite3.h>", "src/app/a.cc"), "in app/"),
    ("system_headers_stay_in_their_rooms", cc("#include <sys/socket.h>", "src/http/a.cc"), "http/"),
    ("system_headers_stay_in_their_rooms", cc("#include <regex>", "src/dialect/a/a.cc"), "regex"),
    ("headers_are_light", cc("#include <openssl/ssl.h>", "src/net/a.h"), "too heavy"),
    ("headers_are_light", cc("#include <boost/asio.hpp>", "src/app/a.h"), "too heavy"),
    ("headers_are_light", cc("#include <CLI/CLI.hpp>", "src/cli/a.h"), "too heavy"),
    ("headers_are_light", cc('#include "cli/cli11.h"', "src/cli/a.h"), "too heavy"),
    ("headers_have_pragma_once", cc("int a;", "src/base/a.h"), "pragma once"),
    ("no_banned_calls", cc("auto t = std::chrono::system_clock::now();"), "base::Clock"),
    ("no_banned_calls", cc("auto t = time(nullptr);"), "base::Clock"),
    ("no_banned_calls", cc("std::random_device d;"), "base::Random"),
    ("no_banned_calls", cc("int a = rand();"), "base::Random"),
    ("no_banned_calls", cc("std::this_thread::sleep_for(s);"), "wait for"),
    ("no_banned_calls", cc('auto* a = std::getenv("A");'), "one place"),
    ("no_banned_calls", cc("std::cout << 1;"), "base/log.h"),
    ("no_banned_calls", cc("auto* p = new Thing(1);"), "make_unique"),
    ("no_banned_calls", cc("delete p;"), "owners"),
    ("no_banned_calls", cc("std::strftime(b, n, f, &t);"), "base/time.h"),
    ("no_banned_calls", cc("int a = atoi(text);"), "checked"),
    ("no_banned_calls", cc("using namespace std;"), "unity"),
    ("no_left_overs", cc("// TO" "DO later"), "write an issue"),
    ("no_left_overs", {"a.md": "<<<<<" "<< HEAD\n"}, "merge"),
    ("co_await_has_a_safe_shape", cc("co_await f();"), "net/ only"),
    ("co_await_has_a_safe_shape", cc("co_await f([&] { g(); });", "src/net/a.cc"), "named"),
    ("co_await_has_a_safe_shape", cc("co_await f(Args{1});", "src/net/a.cc"), "named"),
    ("co_await_has_a_safe_shape", cc("auto a = b ? co_await f() : 1;", "src/net/a.cc"), "named"),
    ("co_await_has_a_safe_shape", cc("OTARU_CHECK(co_await f());", "src/net/a.cc"), "named"),
    ("macros_do_not_leak", cc("#define A 1\nint a = A;"), "A stays defined"),
    ("lines_fit_100_columns", cc("x" * 101), "101 columns"),
    ("files_fit_a_head", cc("\n" * 801), "801 lines"),
    ("functions_fit_a_screen", cc("namespace a {\n" + function(101) + "}\n"), "of 101 lines"),
    ("functions_fit_a_screen", cc("A::A(int a)\n    : a_{a}, b_(2) {\n" + "  b();\n" * 99 + "}\n"),
     "of 102 lines"),
    ("bootstrap_covers_what_the_tree_uses",
     {"script/bootstrap": BOOTSTRAP, "CMakeLists.txt": "find_package(SQLite3 REQUIRED)"},
     "needs libsqlite3-dev"),
    ("bootstrap_covers_what_the_tree_uses",
     {"script/bootstrap": BOOTSTRAP, "CMakeLists.txt": "find_package(Qt6)"}, "no package is known"),
    ("bootstrap_covers_what_the_tree_uses",
     {"script/bootstrap": BOOTSTRAP,
      "CMakeLists.txt": "pkg_check_modules(a REQUIRED IMPORTED_TARGET libsodium>=1)"},
     "libsodium-dev"),
    ("bootstrap_covers_what_the_tree_uses",
     {"script/bootstrap": BOOTSTRAP, **cc("#include <fmt/core.h>")}, "needs libfmt-dev"),
    ("bootstrap_covers_what_the_tree_uses",
     {"script/bootstrap": BOOTSTRAP, "tests/e2e/a.sh": 'x=$(jq .a "$file")'}, "needs jq"),
    ("bootstrap_covers_what_the_tree_uses",
     {"script/bootstrap": BOOTSTRAP, "tests/e2e/a.py": 'run(["strace", path])'}, "needs strace"),
    ("bootstrap_covers_what_the_tree_uses", {"script/bootstrap": BOOTSTRAP}, "nothing uses"),
    ("every_source_is_in_a_cmake_list",
     {"src/a/CMakeLists.txt": "SRCS b.cc", "src/a/b.cc": "", "src/a/c.cc": ""}, "src/a/c.cc"),
    ("every_source_is_in_a_cmake_list", {"src/a/CMakeLists.txt": "# c.cc", "src/a/c.cc": ""},
     "src/a/c.cc"),
    ("sources_name_their_licence", cc("int a;"), "no SPDX"),
    *(("dialect_folders_are_complete", {p: "" for p in FULL_DIALECT if p != gone}, "src/dialect/x/")
      for gone in FULL_DIALECT),
    ("dialect_folders_are_complete", {**FULL_DIALECT, "src/server/product.cc": ""}, "not in the"),
    ("migrations_are_consecutive_and_never_edited", {SQL + "0001_a.sql": "x"}, "not noted"),
    ("migrations_are_consecutive_and_never_edited",
     {SQL + "0001_a.sql": "x", project.MIGRATION_HASHES: f"00ff  {SQL}0001_a.sql\n"}, "edited"),
    ("migrations_are_consecutive_and_never_edited",
     {project.MIGRATION_HASHES: f"00ff  {SQL}0001_a.sql\n"}, "gone"),
    ("migrations_are_consecutive_and_never_edited",
     {SQL + "0001_a.sql": "x", SQL + "0003_c.sql": "x"}, "1 to 2"),
    ("migrations_are_consecutive_and_never_edited", {SQL + "first.sql": "x"}, "not named"),
    ("pages_have_one_title", {"a.md": "# A\n\n# B\n"}, "2 titles"),
    ("pages_have_one_title", {"a.md": "text\n```sh\n# no title\n```\n"}, "0 titles"),
    ("links_resolve", {"docs/a.md": "[b](b.md)"}, "leads nowhere"),
    ("links_resolve", {"a.md": "[b](b.md#two)", "b.md": "# One\n"}, "no such heading"),
    ("pages_named_in_code_exist", cc("// docs/missing.md"), "does not exist"),
    ("the_session_of_the_readme_is_executed", {"README.md": "```console\n$ a\n```\n"}, "runs none"),
    ("the_readme_names_the_two_commands", {"README.md": "script/server"}, "script/test"),
    ("promised_behaviour_has_tests", {"BEHAVIOUR.md": "- It works."}, "names no test"),
    ("promised_behaviour_has_tests",
     {"BEHAVIOUR.md": "- It works\n  (`Suite.Gone`).", "a_test.cc": "TEST(Suite, Here) {}"},
     "Suite.Gone is no test"),
    ("no_paths_of_a_machine", cc('open("/ho' 'me/me/a");'), "one machine"),
]

# rule, sample that must give no fatal finding.
GOOD = [
    ("includes_follow_the_layer_table",
     {**BASE, **cc('#include "base/a.h"\n#include "domain/d.h"')}),
    ("includes_follow_the_layer_table",
     {**BASE, **cc('#include "net/n.h"', "src/domain/a_test.cc")}),
    ("includes_follow_the_layer_table",
     {**BASE, **cc('#include "base/v.h"'), "src/base/v.h.in": ""}),
    ("system_headers_stay_in_their_rooms", cc("#include <sys/socket.h>", "src/net/a.cc")),
    ("no_banned_calls", cc('// rand()\nauto a = "new Thing"; auto b = 1\'000; A(A&) = delete;')),
    ("no_banned_calls", cc("auto a = std::unique_ptr<A>(new A(1)); renew(a); t->printf();")),
    ("no_banned_calls", cc("auto& a = world->random(); auto& b = world.random();")),
    ("no_banned_calls", cc("base::SeededRandom random(7); base::Random& random();")),
    ("no_banned_calls", cc("auto t = std::chrono::system_clock::now();", "src/base/time.cc")),
    ("co_await_has_a_safe_shape", cc("auto r = co_await a::f(std::move(x));\n"
                                     "if (!r) co_return g(r);\n"
                                     "auto v = a[1]; auto w = b ? c : d;", "src/net/a.cc")),
    ("macros_do_not_leak", cc("#define A 1\nint a = A;\n#undef A\n")),
    ("macros_do_not_leak", cc("#define TOML_A 0\n#include <toml++/toml.h>\n")),
    ("functions_fit_a_screen",
     cc("namespace a {\nclass B {\n" + function(100) + function(100) + "};\n}\n")),
    ("functions_fit_a_screen", cc("const int kTable[] = {\n" + "  1,\n" * 300 + "};\n")),
    ("bootstrap_covers_what_the_tree_uses",
     {"script/bootstrap": BOOTSTRAP,
      "CMakeLists.txt": "find_package(OpenSSL 3)\n# find_package(Qt6)",
      "tests/a.sh": "# jq\ncurl -s x | openssl md5",
      **cc("#include <openssl/evp.h>\n#include <vector>")}),
    ("every_source_is_in_a_cmake_list",
     {"src/a/CMakeLists.txt": "lib(a SRCS b.cc ../c.cc ${CMAKE_SOURCE_DIR}/d.cc)", "src/a/b.cc": "",
      "src/c.cc": "", "d.cc": ""}),
    ("sources_name_their_licence", cc(SPDX + "int a;")),
    ("dialect_folders_are_complete",
     {**FULL_DIALECT, "src/server/product.cc": '#include "dialect/x/x.h"',
      "src/dialect/dialect.h": ""}),
    ("links_resolve", {"docs/a.md": "# A b\n[b](../c/d.md#x-y) [f](../c) [a](#a-b) [w](http://a/c)",
                       "c/d.md": "## X `y`\n"}),
    ("promised_behaviour_has_tests",
     {"BEHAVIOUR.md": "# B\n- It works (`Suite.Here`, `tests/e2e/a.sh`).", "tests/e2e/a.sh": "",
      "a_test.cc": "TEST_F(Suite, Here) {}"}),
    ("no_paths_of_a_machine", cc('get("example.org/ho' 'me/a"); open("/usr/share/a");')),
]


def migrations_can_be_noted():
    tree = Tree({SQL + "0001_a.sql": "x"})
    tree = Tree({**tree.texts, project.MIGRATION_HASHES: project.migration_hashes_with_new(tree)})
    return not list(project.migrations_are_consecutive_and_never_edited(tree))


def main():
    rules = {r.__name__: r for r in RULES}
    wrong, passed = [], 0
    for name, sample, words in BAD:
        found = [str(f) for f in rules[name](Tree(sample)) if f.fatal]
        if any(words in f for f in found):
            passed += 1
        else:
            wrong.append(f"{name}: did not find {words!r} in {sample}; it found {found}")
    for name, sample in GOOD:
        found = [str(f) for f in rules[name](Tree(sample)) if f.fatal]
        passed += not found
        wrong += [f"{name}: {f}, but the sample is good" for f in found]
    untested = sorted(set(rules) - {name for name, _, _ in BAD})
    wrong += [f"{name}: no sample shows that it can fail" for name in untested]
    if migrations_can_be_noted():
        passed += 1
    else:
        wrong.append("a noted migration is still a finding")
    print("\n".join(wrong))
    print(f"{passed} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
