# What tests do in practice, in cells as in plain runs. One takes a segfault in a
# handler of its own: UndefinedBehaviorSanitizer would be there first.
if(TESTCELL_SANITIZE STREQUAL "undefined")
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/habits/signals.cc
    PROPERTIES COMPILE_OPTIONS -fno-sanitize=null)
endif()
foreach(variant IN ITEMS plain cells)
  add_executable(habits_${variant} habits/files.cc habits/network.cc habits/output.cc
    habits/processes.cc habits/signals.cc habits/tools.cc habits/users.cc)
  target_link_libraries(habits_${variant} PRIVATE testcell_compile rt)
  set_target_properties(habits_${variant} PROPERTIES OUTPUT_NAME habits
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/habits/${variant})
endforeach()
target_link_libraries(habits_plain PRIVATE GTest::gtest_main)
target_link_libraries(habits_cells PRIVATE testcell::gtest_main)
add_test(NAME habits_test COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/habits_test.py
  $<TARGET_FILE:habits_plain> $<TARGET_FILE:habits_cells>)
set_tests_properties(habits_test PROPERTIES TIMEOUT 600)
# Where a program has changed its root LeakSanitizer finds no /proc, and fails it.
if(TESTCELL_SANITIZE STREQUAL "address")
  set_tests_properties(habits_test PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
endif()
