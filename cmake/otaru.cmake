# SPDX-License-Identifier: Apache-2.0
# The few build functions every folder uses. The layer table here is the one the lint test reads
# too (tests/lint); a dependency that it does not allow is a configure error.

include_guard(GLOBAL)

# Which rooms a room may link. Public statement: docs/architecture.md, "Rooms".
set(OTARU_LAYER_base "")
set(OTARU_LAYER_domain "base")
set(OTARU_LAYER_http "base")
set(OTARU_LAYER_app "base;domain")
set(OTARU_LAYER_net "base;http")
set(OTARU_LAYER_store "base;domain;app;store")
set(OTARU_LAYER_blob "base;domain;app;blob")
set(OTARU_LAYER_outbound "base;domain;app")
set(OTARU_LAYER_dialect "base;domain;app;http;dialect")
set(OTARU_LAYER_api "base;domain;app;http")
set(OTARU_LAYER_sim "base;domain;app;http;dialect")
set(OTARU_LAYER_inspect "base;domain")
set(OTARU_LAYER_cli "base;domain;http;inspect;sim;dialect")
set(OTARU_LAYER_maintain "base;domain;app;store;blob")
set(OTARU_LAYER_server
  "base;domain;app;http;net;store;blob;maintain;outbound;dialect;api;inspect;sim;cli;server")

add_library(otaru_flags INTERFACE)
target_include_directories(otaru_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(otaru_flags INTERFACE _GLIBCXX_ASSERTIONS)
target_compile_options(otaru_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum -Wnon-virtual-dtor
  -Wold-style-cast -Wimplicit-fallthrough
  # No folder of the building machine in messages or debug information.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= ${OTARU_DEBUG_INFO}
  $<$<BOOL:${OTARU_WERROR}>:-Werror>)
if(OTARU_SANITIZE)
  target_compile_options(otaru_flags INTERFACE
    -fsanitize=${OTARU_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(otaru_flags INTERFACE -fsanitize=${OTARU_SANITIZE})
  target_compile_definitions(otaru_flags INTERFACE OTARU_SANITIZED=1)
endif()
if(OTARU_FUZZ)
  target_compile_options(otaru_flags INTERFACE -fsanitize=fuzzer-no-link
    -fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/tests/fuzz/ignorelist.txt)
endif()

find_program(OTARU_CCACHE ccache)
if(OTARU_CCACHE)
  # With the prefix map above, checkouts in different folders share what they have compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${OTARU_CCACHE})
endif()
find_program(OTARU_MOLD mold)
if(OTARU_MOLD AND NOT OTARU_FUZZ)
  add_link_options(-fuse-ld=mold)
endif()

# A linked sanitizer build needs much memory: one link at a time.
set_property(GLOBAL PROPERTY JOB_POOLS link_pool=1)
set(CMAKE_JOB_POOL_LINK link_pool)

# otaru_library(name ROOM room SRCS a.cc ... DEPS otaru::base ... [LIBS system libraries])
# makes otaru_<name> with alias otaru::<name> and checks DEPS against the layer table.
function(otaru_library name)
  cmake_parse_arguments(ARG "" "ROOM" "SRCS;DEPS;LIBS" ${ARGN})
  add_library(otaru_${name} STATIC ${ARG_SRCS})
  add_library(otaru::${name} ALIAS otaru_${name})
  set_property(TARGET otaru_${name} PROPERTY OTARU_ROOM ${ARG_ROOM})
  foreach(dep IN LISTS ARG_DEPS)
    string(REGEX REPLACE "^otaru::([a-z]+).*" "\\1" room "${dep}")
    if(NOT room STREQUAL ARG_ROOM AND NOT room IN_LIST OTARU_LAYER_${ARG_ROOM})
      message(FATAL_ERROR "${name}: room '${ARG_ROOM}' may not use '${room}' (cmake/otaru.cmake)")
    endif()
  endforeach()
  target_link_libraries(otaru_${name} PUBLIC otaru_flags ${ARG_DEPS} ${ARG_LIBS})
endfunction()

# otaru_tests(room SRCS a_test.cc ... DEPS ...): the one test binary of the room, test_<room>, as
# the ctest unit_<room>. Its cases are counted from the report it writes (tests/run.py).
function(otaru_tests room)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;LIBS" ${ARGN})
  add_executable(test_${room} ${ARG_SRCS})
  target_link_libraries(test_${room} PRIVATE otaru_flags ${ARG_DEPS} ${ARG_LIBS} GTest::gtest_main)
  target_compile_definitions(test_${room} PRIVATE OTARU_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # Macro-made gtest code trips this one; everything else stays on.
  target_compile_options(test_${room} PRIVATE -Wno-old-style-cast)
  add_test(NAME unit_${room} COMMAND test_${room})
  set_tests_properties(unit_${room} PROPERTIES TIMEOUT 300 ENVIRONMENT
    "GTEST_OUTPUT=xml:${CMAKE_BINARY_DIR}/reports/unit_${room}.xml;GTEST_COLOR=no")
endfunction()

# otaru_fuzz(name SRC x_fuzz.cc CORPUS dir DEPS ...): with the fuzz preset a libFuzzer binary
# fuzz_<name>, part of target `fuzzers`, with its corpus noted in build/fuzz/fuzzers/ (./dev fuzz);
# otherwise the same file linked to a replay main that runs the corpus as a ctest.
function(otaru_fuzz name)
  cmake_parse_arguments(ARG "" "SRC;CORPUS" "DEPS;LIBS" ${ARGN})
  if(OTARU_FUZZ)
    add_executable(fuzz_${name} ${ARG_SRC})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(fuzz_${name} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers fuzz_${name})
    file(WRITE ${CMAKE_BINARY_DIR}/fuzzers/${name} ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_CORPUS})
  else()
    add_executable(fuzz_${name} ${ARG_SRC} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    add_test(NAME fuzz_replay_${name}
      COMMAND fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_CORPUS})
    set_tests_properties(fuzz_replay_${name} PROPERTIES TIMEOUT 60 LABELS fuzz)
  endif()
  set_target_properties(fuzz_${name} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(fuzz_${name} PRIVATE otaru_flags ${ARG_DEPS} ${ARG_LIBS})
endfunction()
