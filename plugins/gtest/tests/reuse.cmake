# Cells that serve one test after another, and those that may not.
add_executable(reuse_payload ${CMAKE_CURRENT_LIST_DIR}/reuse_payload.cc
  ${CMAKE_CURRENT_LIST_DIR}/reuse_payload_leaves.cc
  ${CMAKE_CURRENT_LIST_DIR}/reuse_payload_suites.cc
  ${CMAKE_CURRENT_LIST_DIR}/reuse_payload_takes.cc)
target_link_libraries(reuse_payload PRIVATE testcell_compile tested_gtest_main)
set(program "")
if(TESTCELL_BUILD_PROGRAM)
  set(program $<TARGET_FILE:testcell_cli>)
endif()
foreach(user root user user_as_root)
  add_test(NAME reuse_${user} COMMAND ${Python3_EXECUTABLE} -B
    ${CMAKE_CURRENT_LIST_DIR}/reuse_test.py ${user} $<TARGET_FILE:reuse_payload>
    "${program}" ${PROJECT_SOURCE_DIR}/framework/docs/report.schema.json)
  set_tests_properties(reuse_${user} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()
