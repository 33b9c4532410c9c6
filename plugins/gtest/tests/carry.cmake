# Files that come back from copy-on-write directories.
add_executable(carry_payload ${CMAKE_CURRENT_LIST_DIR}/carry_payload.cc)
target_link_libraries(carry_payload PRIVATE testcell::gtest_main testcell_compile)
add_test(NAME carry_test
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/carry_test.py
    $<TARGET_FILE:carry_payload>)
set_tests_properties(carry_test PROPERTIES TIMEOUT 300)
