# Runs in cells against plain runs: the same verdicts, reports, console output
# and exit status, for a program that uses every feature of GoogleTest.
#
# What compare_runs.py leaves out, because it can't be equal:
# - times and timestamps: no two runs have the same ones;
# - properties named testcell.*: only cells have something to say there.
foreach(variant IN ITEMS plain cells)
  add_executable(feature_${variant} feature_binary.cc feature_binary_assertions.cc
    feature_binary_fixtures.cc feature_binary_more.cc)
  target_compile_features(feature_${variant} PRIVATE cxx_std_17)
  if(TESTCELL_SANITIZE STREQUAL "thread")
    target_compile_definitions(feature_${variant} PRIVATE FEATURE_SANITIZES_THREADS)
  endif()
  set_target_properties(feature_${variant} PROPERTIES OUTPUT_NAME feature_binary
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/programs/${variant})
endforeach()
target_link_libraries(feature_plain PRIVATE GTest::gtest GTest::gmock)
target_compile_definitions(feature_cells PRIVATE FEATURE_WITH_TESTCELL)
target_link_libraries(feature_cells PRIVATE testcell::gtest GTest::gmock)

# testcell_conformance(NAME [STREAM] [BAZEL] [JOBS n] [FLAGS testcell flags]
#   [ENVIRONMENT NAME=VALUE...] [ARGS gtest args...])
function(testcell_conformance name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "STREAM;BAZEL" "JOBS;FLAGS" "ENVIRONMENT;ARGS")
  if(NOT arg_JOBS)
    set(arg_JOBS 8)
  endif()
  add_test(NAME conformance.${name}
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/compare_runs.py
      "'$<TARGET_FILE:feature_plain>'"
      "'$<TARGET_FILE:feature_cells>' --testcell_jobs=${arg_JOBS} ${arg_FLAGS}"
      --console $<$<BOOL:${arg_STREAM}>:--stream> $<$<BOOL:${arg_BAZEL}>:--bazel>
      --timeout 240 -- ${arg_ARGS}
    COMMAND_EXPAND_LISTS)
  set_tests_properties(conformance.${name} PROPERTIES TIMEOUT 500 ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()

# A comparison that could not fail would show nothing. The words are those of the diff,
# not of its announcement.
add_test(NAME conformance.sees_differences
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/compare_runs.py
    "'$<TARGET_FILE:feature_plain>'" "'$<TARGET_FILE:feature_plain>' --gtest_color=yes"
    --console -- "--gtest_filter=Mixed.*")
set_tests_properties(conformance.sees_differences PROPERTIES TIMEOUT 300
  PASS_REGULAR_EXPRESSION "console differs.*\\+\\+\\+ cells")

testcell_conformance(default)
testcell_conformance(one_job JOBS 1)
foreach(seed IN ITEMS 1 2 77)
  testcell_conformance(shuffle_${seed} ARGS --gtest_shuffle --gtest_random_seed=${seed})
endforeach()
testcell_conformance(repeat ARGS --gtest_repeat=2)
testcell_conformance(repeat_shuffled
  ARGS --gtest_repeat=2 --gtest_shuffle --gtest_random_seed=5)
testcell_conformance(filter ARGS "--gtest_filter=Mixed.*:Suite*.*:Properties.*:In/*-*.Two")
testcell_conformance(filter_second_fixture
  ARGS "--gtest_filter=Mixed.HasAnotherFixture:Mixed.IsTheFixtureAgain")
testcell_conformance(filter_none ARGS "--gtest_filter=None.*")
if(NOT DEFINED GTest_VERSION OR NOT GTest_VERSION VERSION_LESS 1.11)  # flags that 1.10 does not know
  testcell_conformance(fail_fast ARGS --gtest_fail_fast)
  testcell_conformance(fail_fast_one_job JOBS 1 ARGS --gtest_fail_fast)
  testcell_conformance(fail_fast_in_suite
    ARGS --gtest_fail_fast "--gtest_filter=InSetUp.*:SuiteSetUp*:SuiteTearDown*")
  testcell_conformance(brief ARGS --gtest_brief=1)
endif()
foreach(shard IN ITEMS 0 1 2)
  testcell_conformance(shard_${shard}
    ENVIRONMENT GTEST_TOTAL_SHARDS=3 GTEST_SHARD_INDEX=${shard})
endforeach()
testcell_conformance(color ARGS --gtest_color=yes)
testcell_conformance(no_times ARGS --gtest_print_time=0)
testcell_conformance(streamed STREAM)
testcell_conformance(streamed_in_shuffled_order STREAM
  ARGS --gtest_repeat=2 --gtest_shuffle --gtest_random_seed=3)
testcell_conformance(bazel BAZEL)
testcell_conformance(bazel_filter BAZEL ENVIRONMENT "TESTBRIDGE_TEST_ONLY=*Suite*")
# These end a run at its first failure, with the same words and the same status.
testcell_conformance(break_on_failure ARGS --gtest_break_on_failure)
testcell_conformance(throw_on_failure ARGS --gtest_throw_on_failure)
testcell_conformance(repeat_until_failure ARGS --gtest_repeat=-1 --gtest_break_on_failure)
testcell_conformance(repeat_until_environment_fails
  ENVIRONMENT FEATURE_ENVIRONMENT=fail ARGS --gtest_repeat=-1 --gtest_break_on_failure)
testcell_conformance(disabled_too ARGS --gtest_also_run_disabled_tests)
foreach(outcome IN ITEMS fail expect skip)
  testcell_conformance(environment_${outcome} ENVIRONMENT FEATURE_ENVIRONMENT=${outcome})
  testcell_conformance(environment_${outcome}_one_job JOBS 1
    ENVIRONMENT FEATURE_ENVIRONMENT=${outcome})
  testcell_conformance(environment_${outcome}_repeat
    ENVIRONMENT FEATURE_ENVIRONMENT=${outcome} ARGS --gtest_repeat=2)
endforeach()
foreach(flag IN ITEMS environments suites)
  testcell_conformance(${flag}_in_parent FLAGS --testcell_${flag}=parent)
  testcell_conformance(${flag}_in_parent_repeat
    FLAGS --testcell_${flag}=parent ARGS --gtest_repeat=2)
endforeach()
testcell_conformance(suites_shared FLAGS --testcell_suites=shared)
testcell_conformance(suites_shared_shuffled FLAGS --testcell_suites=shared
  ARGS --gtest_repeat=2 --gtest_shuffle --gtest_random_seed=3)
foreach(outcome IN ITEMS fail expect skip)
  testcell_conformance(environments_in_parent_${outcome}
    FLAGS --testcell_environments=parent ENVIRONMENT FEATURE_ENVIRONMENT=${outcome})
endforeach()
