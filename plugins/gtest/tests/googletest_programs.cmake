# GoogleTest's own test programs and samples, from the sources that Debian
# packages: each linked plain and, from the same objects, with the plugin.
#
# Target googletest_programs builds all of them. Those that take long to
# compile are in no default build, and not in the test conformance_table, but
# with TESTCELL_CONFORMANCE_ALL, which has the whole table for a test.
option(TESTCELL_CONFORMANCE_ALL "Compare all of GoogleTest's own programs under all options" OFF)
set(TESTCELL_GOOGLETEST_SOURCES /usr/src/googletest CACHE PATH
  "GoogleTest's sources, whose own tests are compared in cells with plain runs")
set(googletest_root ${TESTCELL_GOOGLETEST_SOURCES}/googletest)
set(googlemock_root ${TESTCELL_GOOGLETEST_SOURCES}/googlemock)
if(NOT EXISTS ${googletest_root}/test/gtest_unittest.cc)
  message(STATUS "No GoogleTest sources: its own programs are not compared")
  return()
endif()

add_custom_target(googletest_programs DEPENDS feature_plain feature_cells)
set(default_programs feature_binary)

# The plugin once for all of them, and InitGoogleTest in its place: the
# programs have mains of their own.
add_library(googletest_plugin OBJECT init_hook.cc)
target_link_libraries(googletest_plugin PRIVATE testcell::gtest)
add_library(googletest_options INTERFACE)
target_include_directories(googletest_options SYSTEM INTERFACE
  ${googletest_root} ${googlemock_root} ${googletest_root}/include ${googlemock_root}/include)
target_compile_definitions(googletest_options INTERFACE GTEST_HAS_PTHREAD=1)
target_compile_options(googletest_options INTERFACE -w -O0 -g0)

# googletest_program(NAME SOURCE... LIBRARIES library...)
function(googletest_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SLOW" "" "LIBRARIES")
  add_library(googletest_${name} OBJECT ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(googletest_${name} PRIVATE googletest_options)
  foreach(variant IN ITEMS plain cells)
    set(target googletest_${name}_${variant})
    add_executable(${target} $<TARGET_OBJECTS:googletest_${name}>)
    target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
    target_link_options(${target} PRIVATE LINKER:--strip-debug)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/programs/${variant})
    add_dependencies(googletest_programs ${target})
    if(arg_SLOW AND NOT TESTCELL_CONFORMANCE_ALL)
      set_target_properties(${target} googletest_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
  endforeach()
  if(NOT arg_SLOW OR TESTCELL_CONFORMANCE_ALL)
    set(default_programs ${default_programs} ${name} PARENT_SCOPE)
  endif()
  target_sources(googletest_${name}_cells PRIVATE $<TARGET_OBJECTS:googletest_plugin>)
  target_link_libraries(googletest_${name}_cells PRIVATE testcell_framework)
  target_link_options(googletest_${name}_cells PRIVATE
    $<TARGET_PROPERTY:testcell_gtest,INTERFACE_LINK_OPTIONS>
    "LINKER:--wrap=_ZN7testing14InitGoogleTestEPiPPc")
endfunction()

set(samples ${googletest_root}/samples)
googletest_program(sample1 ${samples}/sample1_unittest.cc ${samples}/sample1.cc
  LIBRARIES GTest::gtest_main)
googletest_program(sample2 ${samples}/sample2_unittest.cc ${samples}/sample2.cc
  LIBRARIES GTest::gtest_main)
googletest_program(sample3 ${samples}/sample3_unittest.cc LIBRARIES GTest::gtest_main)
googletest_program(sample4 ${samples}/sample4_unittest.cc ${samples}/sample4.cc
  LIBRARIES GTest::gtest_main)
googletest_program(sample5 ${samples}/sample5_unittest.cc ${samples}/sample1.cc
  LIBRARIES GTest::gtest_main)
foreach(number IN ITEMS 6 7 8)
  googletest_program(sample${number} ${samples}/sample${number}_unittest.cc
    LIBRARIES GTest::gtest_main)
endforeach()
foreach(number IN ITEMS 9 10)
  googletest_program(sample${number} ${samples}/sample${number}_unittest.cc
    LIBRARIES GTest::gtest)
endforeach()

set(tests ${googletest_root}/test)
foreach(name IN ITEMS
    googletest-filepath-test googletest-listener-test gtest_main_unittest googletest-message-test
    googletest-options-test googletest-test-part-test gtest_skip_in_environment_setup_test
    gtest_skip_test gtest_help_test_ gtest_xml_outfile1_test_ gtest_xml_outfile2_test_
    gtest_sole_header_test googletest-catch-exceptions-test_ gtest_testbridge_test_
    googletest-setuptestsuite-test_)
  googletest_program(${name} ${tests}/${name}.cc LIBRARIES GTest::gtest_main)
endforeach()
foreach(name IN ITEMS gtest_unittest googletest-printers-test googletest-port-test
    googletest-death-test-test gtest_pred_impl_unittest)
  googletest_program(${name} SLOW ${tests}/${name}.cc LIBRARIES GTest::gtest_main)
endforeach()
foreach(name IN ITEMS
    gtest_environment_test gtest_no_test_unittest gtest_premature_exit_test gtest_repeat_test
    gtest_throw_on_failure_ex_test gtest-unittest-api_test googletest-break-on-failure-unittest_
    googletest-color-test_ googletest-env-var-test_ googletest-failfast-unittest_
    googletest-filter-unittest_ googletest-global-environment-unittest_
    googletest-list-tests-unittest_ googletest-output-test_ googletest-shuffle-test_
    googletest-throw-on-failure-test_ googletest-uninitialized-test_ gtest_list_output_unittest_
    gtest_xml_output_unittest_ gtest_assert_by_exception_test)
  googletest_program(${name} ${tests}/${name}.cc LIBRARIES GTest::gtest)
endforeach()
foreach(name IN ITEMS gtest_stress_test googletest-param-test-invalid-name1-test_
    googletest-param-test-invalid-name2-test_)
  googletest_program(${name} SLOW ${tests}/${name}.cc LIBRARIES GTest::gtest)
endforeach()
foreach(catch IN ITEMS 0 1)
  googletest_program(death-test_ex_catch_${catch} ${tests}/googletest-death-test_ex_test.cc
    LIBRARIES GTest::gtest)
  target_compile_definitions(googletest_death-test_ex_catch_${catch} PRIVATE
    GTEST_ENABLE_CATCH_EXCEPTIONS_=${catch})
endforeach()
googletest_program(googletest-param-test-test SLOW ${tests}/googletest-param-test-test.cc
  ${tests}/googletest-param-test2-test.cc LIBRARIES GTest::gtest)
googletest_program(gtest_prod_test ${tests}/gtest_prod_test.cc ${tests}/production.cc
  LIBRARIES GTest::gtest_main)
googletest_program(gtest-typed-test_test ${tests}/gtest-typed-test_test.cc
  ${tests}/gtest-typed-test2_test.cc LIBRARIES GTest::gtest_main)

set(tests ${googlemock_root}/test)
foreach(name IN ITEMS gmock-cardinalities_test gmock_ex_test gmock-port_test gmock-pp_test
    gmock_test gmock_leak_test_)
  googletest_program(${name} ${tests}/${name}.cc LIBRARIES GTest::gmock_main)
endforeach()
foreach(name IN ITEMS gmock-pp-string_test gmock-internal-utils_test gmock-nice-strict_test
    gmock-actions_test gmock-function-mocker_test gmock-matchers-arithmetic_test
    gmock-matchers-comparisons_test gmock-matchers-containers_test gmock-matchers-misc_test
    gmock-more-actions_test gmock-spec-builders_test)
  googletest_program(${name} SLOW ${tests}/${name}.cc LIBRARIES GTest::gmock_main)
endforeach()
foreach(name IN ITEMS gmock_output_test_ gmock_stress_test)
  googletest_program(${name} SLOW ${tests}/${name}.cc LIBRARIES GTest::gmock)
endforeach()
googletest_program(gmock_link_test SLOW ${tests}/gmock_link_test.cc ${tests}/gmock_link2_test.cc
  LIBRARIES GTest::gmock_main)

set(options --options default,shuffle,shards,stream,break)
set(most_seconds 600)
if(TESTCELL_CONFORMANCE_ALL)
  set(options)
  set(most_seconds 3600)
endif()
add_test(NAME conformance_table
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/conformance_table ${options}
    ${CMAKE_CURRENT_BINARY_DIR}/programs ${default_programs})
set_tests_properties(conformance_table PROPERTIES TIMEOUT ${most_seconds} PROCESSORS 2)
