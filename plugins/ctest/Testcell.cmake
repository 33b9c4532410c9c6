# testcell and CTest: tests that run in cells, safe beside each other.
#
#   find_package(testcell REQUIRED)             # or add_subdirectory(testcell)
#   testcell_discover_tests(my_test)            # one CTest test a test case
#   testcell_discover_tests(big_test BATCH SUITE)  # one a suite, parallel inside
#   testcell_add_test(NAME smoke COMMAND my_server --self-test)
#
# testcell_discover_tests(TARGET
#     [EXTRA_ARGS ARG...] [WORKING_DIRECTORY DIRECTORY] [TEST_PREFIX TEXT]
#     [TEST_SUFFIX TEXT] [TEST_FILTER FILTER] [NO_PRETTY_TYPES]
#     [NO_PRETTY_VALUES] [PROPERTIES NAME VALUE...] [TEST_LIST VARIABLE]
#     [DISCOVERY_TIMEOUT SECONDS] [XML_OUTPUT_DIR DIRECTORY]
#     [DISCOVERY_MODE POST_BUILD|PRE_TEST] [BATCH SUITE|BINARY] [JOBS COUNT])
#
# The arguments are those of CMake's gtest_discover_tests, and the tests get the
# names that it would give them. With BATCH a suite, or the whole program, is
# one CTest test, which runs up to JOBS cells at once (default: one a processor)
# and says so to CTest by its PROCESSORS property: a thousand cases are then not
# a thousand starts of the program.
#
# testcell_add_test(NAME NAME COMMAND COMMAND [ARG...] [FLAGS FLAG...]
#     [CONFIGURATIONS CONFIG...] [WORKING_DIRECTORY DIRECTORY])
#
# As add_test(); the command runs in a cell by `testcell run FLAGS`.
include_guard(GLOBAL)

# The program testcell, for what does not link the plugin. In testcell's own
# tree it is built as soon as somebody asks for it.
function(_testcell_require_program caller)
  if(NOT TARGET testcell::testcell)
    message(FATAL_ERROR "${caller} needs the program testcell, which was not built: "
      "it needs CLI11 (Debian: libcli11-dev).")
  endif()
  if(TARGET testcell_cli AND NOT TARGET testcell_program)
    add_custom_target(testcell_program ALL DEPENDS testcell_cli)
  endif()
endfunction()

# A bracket argument that gives exactly the text.
function(_testcell_quote text result)
  set(equals "")
  while(text MATCHES "\\]${equals}\\]" OR text MATCHES "\\]${equals}$")
    string(APPEND equals "=")
  endwhile()
  set(${result} "[${equals}[${text}]${equals}]" PARENT_SCOPE)
endfunction()

function(testcell_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;WORKING_DIRECTORY" "COMMAND;FLAGS;CONFIGURATIONS")
  if(NOT DEFINED arg_NAME OR NOT DEFINED arg_COMMAND)
    message(FATAL_ERROR "testcell_add_test: NAME and COMMAND are required.")
  endif()
  if(DEFINED arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "testcell_add_test: unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  _testcell_require_program(testcell_add_test)
  set(command)
  foreach(word IN LISTS arg_COMMAND)
    if(NOT DEFINED command AND TARGET "${word}")
      set(word "$<TARGET_FILE:${word}>")
    endif()
    string(REPLACE ";" "\\;" word "${word}")
    list(APPEND command "${word}")
  endforeach()
  set(more)
  foreach(name IN ITEMS WORKING_DIRECTORY CONFIGURATIONS)
    if(DEFINED arg_${name})
      list(APPEND more ${name} ${arg_${name}})
    endif()
  endforeach()
  # Without a test launcher, which would make a cell in this cell.
  add_test(NAME "${arg_NAME}" ${more}
    COMMAND "$<TARGET_FILE:testcell::testcell>" run ${arg_FLAGS} -- ${command})
endfunction()

function(testcell_discover_tests target)
  set(options NO_PRETTY_TYPES NO_PRETTY_VALUES)
  set(single TEST_PREFIX TEST_SUFFIX WORKING_DIRECTORY TEST_LIST DISCOVERY_TIMEOUT
    XML_OUTPUT_DIR DISCOVERY_MODE BATCH JOBS)
  set(multiple EXTRA_ARGS PROPERTIES TEST_FILTER)
  cmake_parse_arguments(PARSE_ARGV 1 arg "${options}" "${single}" "${multiple}")
  if(NOT TARGET "${target}")
    message(FATAL_ERROR "testcell_discover_tests: there is no target '${target}'.")
  endif()
  if(DEFINED arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "testcell_discover_tests: unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_WORKING_DIRECTORY)
    set(arg_WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  endif()
  if(NOT arg_TEST_LIST)
    set(arg_TEST_LIST "${target}_TESTS")
  endif()
  if(NOT arg_DISCOVERY_TIMEOUT)
    set(arg_DISCOVERY_TIMEOUT 5)
  endif()
  if(NOT arg_DISCOVERY_MODE)
    set(arg_DISCOVERY_MODE "${CMAKE_GTEST_DISCOVER_TESTS_DISCOVERY_MODE}")
  endif()
  if(NOT arg_DISCOVERY_MODE)
    set(arg_DISCOVERY_MODE POST_BUILD)
  endif()
  if(NOT arg_DISCOVERY_MODE MATCHES "^(POST_BUILD|PRE_TEST)$")
    message(FATAL_ERROR "testcell_discover_tests: DISCOVERY_MODE is POST_BUILD or PRE_TEST, "
      "not '${arg_DISCOVERY_MODE}'.")
  endif()
  if(DEFINED arg_BATCH AND NOT arg_BATCH MATCHES "^(SUITE|BINARY)$")
    message(FATAL_ERROR "testcell_discover_tests: BATCH is SUITE or BINARY, not '${arg_BATCH}'.")
  endif()
  if(NOT arg_JOBS)
    cmake_host_system_information(RESULT arg_JOBS QUERY NUMBER_OF_LOGICAL_CORES)
  endif()
  _testcell_generate_discovery("${target}")
endfunction()

# Sees the variables of testcell_discover_tests.
macro(_testcell_generate_discovery target)
  get_property(count TARGET ${target} PROPERTY TESTCELL_DISCOVERIES)
  if(NOT count)
    set(count 0)
  endif()
  math(EXPR count "${count} + 1")
  set_property(TARGET ${target} PROPERTY TESTCELL_DISCOVERIES ${count})
  get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  set(configuration)
  if(multi_config)
    set(configuration "-$<CONFIG>")
  endif()
  set(base "${CMAKE_CURRENT_BINARY_DIR}/testcell_${target}_${count}")
  set(tests "${base}_tests${configuration}.cmake")

  # Where another emulator is needed to start the program, it is asked to.
  get_property(emulator TARGET ${target} PROPERTY CROSSCOMPILING_EMULATOR)
  set(plugin "$<BOOL:$<TARGET_PROPERTY:${target},TESTCELL_PLUGIN>>")
  set(program)
  if(TARGET testcell::testcell)
    set(program "$<TARGET_FILE:testcell::testcell>")
  endif()
  set(arguments "")
  foreach(name IN LISTS options single multiple)
    _testcell_quote("${arg_${name}}" quoted)
    string(APPEND arguments "set(arg_${name} ${quoted})\n")
  endforeach()
  string(APPEND arguments
    "set(arg_EXECUTABLE [==[$<TARGET_FILE:${target}>]==])\n"
    "set(arg_EMULATOR [==[${emulator}]==])\n"
    "set(arg_HAS_PLUGIN ${plugin})\n"
    "set(arg_TESTCELL [==[${program}]==])\n"
    "set(arg_TARGET [==[${target}]==])\n"
    "set(arg_OUTPUT [==[${tests}]==])\n")
  file(GENERATE OUTPUT "${base}_arguments${configuration}.cmake" CONTENT "${arguments}"
    TARGET ${target})

  set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/TestcellAddTests.cmake")
  set(not_built "add_test([==[${target}_NOT_BUILT]==] [==[${target}_NOT_BUILT]==])\n")
  if(arg_DISCOVERY_MODE STREQUAL "POST_BUILD")
    add_custom_command(TARGET ${target} POST_BUILD BYPRODUCTS "${tests}" VERBATIM
      COMMAND "${CMAKE_COMMAND}" -D "TESTCELL_ARGUMENTS=${base}_arguments${configuration}.cmake"
        -P "${script}")
    set(include "if(EXISTS [==[${tests}]==])\n  include([==[${tests}]==])\nelse()\n  ${not_built}endif()\n")
  else()
    string(CONCAT include
      "if(EXISTS [==[$<TARGET_FILE:${target}>]==])\n"
      "  if(NOT EXISTS [==[${tests}]==] OR\n"
      "     NOT [==[${tests}]==] IS_NEWER_THAN [==[$<TARGET_FILE:${target}>]==] OR\n"
      "     NOT [==[${tests}]==] IS_NEWER_THAN [==[${base}_arguments${configuration}.cmake]==])\n"
      "    set(TESTCELL_ARGUMENTS [==[${base}_arguments${configuration}.cmake]==])\n"
      "    include([==[${script}]==])\n"
      "  endif()\n"
      "  include([==[${tests}]==])\n"
      "else()\n  ${not_built}endif()\n")
  endif()
  file(GENERATE OUTPUT "${base}_include${configuration}.cmake" CONTENT "${include}"
    TARGET ${target})
  set(included "${base}_include.cmake")
  if(multi_config)
    set(included "${base}_include_configuration.cmake")
    file(WRITE "${included}"
      "include(\"${base}_include-\${CTEST_CONFIGURATION_TYPE}.cmake\" OPTIONAL)\n")
  endif()
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${included}")
endmacro()
