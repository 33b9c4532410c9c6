# What tests leave and use, from the cell to the reports.
add_executable(report_payload ${CMAKE_CURRENT_LIST_DIR}/report_payload.cc)
target_link_libraries(report_payload PRIVATE testcell_compile tested_gtest)
foreach(user root user)
  add_test(NAME report_runs_${user} COMMAND ${Python3_EXECUTABLE} -B
    ${CMAKE_CURRENT_LIST_DIR}/report_runs_test.py ${user} $<TARGET_FILE:report_payload>
    ${PROJECT_SOURCE_DIR}/framework/docs/report.schema.json)
  set_tests_properties(report_runs_${user} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()
