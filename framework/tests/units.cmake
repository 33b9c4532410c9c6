# The parts of the framework that need no cell.
add_executable(framework_test
  ${CMAKE_CURRENT_LIST_DIR}/artifacts_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/carry_pattern_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/connection_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/divide_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/error_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/flags_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/frame_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/harvester_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/history_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/made_up_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/options_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/part_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/schedule_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/sha256_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/shard_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/status_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/unit_log_test.cc)
target_include_directories(framework_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../src)
target_link_libraries(framework_test PRIVATE
  testcell::framework testcell_compile fmt::fmt GTest::gtest_main)
add_test(NAME framework_test COMMAND framework_test)
set_tests_properties(framework_test PROPERTIES TIMEOUT 120)
