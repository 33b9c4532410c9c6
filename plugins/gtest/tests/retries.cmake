# Tests that are run again after they failed.
add_executable(retries_payload ${CMAKE_CURRENT_LIST_DIR}/retries_payload.cc)
target_link_libraries(retries_payload PRIVATE testcell_compile tested_gtest_main)
foreach(user root user)
  add_test(NAME retries_${user} COMMAND ${Python3_EXECUTABLE} -B
    ${CMAKE_CURRENT_LIST_DIR}/retries_test.py ${user} $<TARGET_FILE:retries_payload>
    ${PROJECT_SOURCE_DIR}/framework/docs/report.schema.json)
  set_tests_properties(retries_${user} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()
