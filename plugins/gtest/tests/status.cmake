# The status line at a terminal, and the history of durations.
add_executable(status_payload ${CMAKE_CURRENT_LIST_DIR}/status_payload.cc)
target_link_libraries(status_payload PRIVATE testcell_compile tested_gtest_main)
add_test(NAME status COMMAND ${Python3_EXECUTABLE} -B
  ${CMAKE_CURRENT_LIST_DIR}/status_test.py $<TARGET_FILE:status_payload>)
set_tests_properties(status PROPERTIES TIMEOUT 300)
