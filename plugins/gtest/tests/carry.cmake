# Files that come back from copy-on-write directories.
add_executable(carry_payload ${CMAKE_CURRENT_LIST_DIR}/carry_payload.cc)
target_link_libraries(carry_payload PRIVATE tested_gtest_main testcell_compile)
add_test(NAME carry_test
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/carry_test.py
    $<TARGET_FILE:carry_payload>)
set_tests_properties(carry_test PROPERTIES TIMEOUT 300)

# Who may write where, by Options.
add_executable(directories_payload ${CMAKE_CURRENT_LIST_DIR}/directories_payload.cc)
target_link_libraries(directories_payload PRIVATE tested_gtest_main testcell_compile)
add_test(NAME directories_test
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/directories_test.py
    $<TARGET_FILE:directories_payload>)
set_tests_properties(directories_test PROPERTIES TIMEOUT 120)
