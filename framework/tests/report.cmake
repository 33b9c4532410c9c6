# The report layer, fed with runs that are made up.
add_executable(report_test
  ${CMAKE_CURRENT_LIST_DIR}/report_conflict_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/report_merge_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/report_families_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/report_parts_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/report_read_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/report_recorder_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/report_text_test.cc)
target_include_directories(report_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../src)
target_link_libraries(report_test PRIVATE
  testcell::framework testcell_compile fmt::fmt GTest::gmock GTest::gtest_main)
add_test(NAME report_test COMMAND report_test)
set_tests_properties(report_test PROPERTIES TIMEOUT 120)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_executable(report_sample ${CMAKE_CURRENT_LIST_DIR}/payloads/report_sample.cc)
target_link_libraries(report_sample PRIVATE testcell::framework testcell_compile)
add_test(NAME report_json_test COMMAND ${Python3_EXECUTABLE} -B
  ${CMAKE_CURRENT_LIST_DIR}/report_json_test.py $<TARGET_FILE:report_sample>
  ${CMAKE_CURRENT_LIST_DIR}/../docs/report.schema.json)
set_tests_properties(report_json_test PROPERTIES TIMEOUT 120)
add_test(NAME report_html_test COMMAND ${Python3_EXECUTABLE} -B
  ${CMAKE_CURRENT_LIST_DIR}/report_html_test.py $<TARGET_FILE:report_sample>)
set_tests_properties(report_html_test PROPERTIES TIMEOUT 180)
