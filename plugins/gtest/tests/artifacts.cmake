# What is kept of failed tests.
add_executable(artifacts_payload ${CMAKE_CURRENT_LIST_DIR}/artifacts_payload.cc)
target_link_libraries(artifacts_payload PRIVATE testcell_compile tested_gtest_main)
foreach(user root user)
  add_test(NAME artifacts_${user} COMMAND ${Python3_EXECUTABLE} -B
    ${CMAKE_CURRENT_LIST_DIR}/artifacts_test.py ${user} $<TARGET_FILE:artifacts_payload>)
  set_tests_properties(artifacts_${user} PROPERTIES
    TIMEOUT 300 SKIP_RETURN_CODE 77 ENVIRONMENT SANITIZER=${TESTCELL_SANITIZE})
endforeach()
