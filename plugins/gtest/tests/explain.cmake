# --testcell_explain, as root and as an ordinary user.
add_executable(explain_payload ${CMAKE_CURRENT_LIST_DIR}/explain_payload.cc)
target_link_libraries(explain_payload PRIVATE testcell_compile tested_gtest_main)
foreach(user root user)
  add_test(NAME explain_${user} COMMAND ${Python3_EXECUTABLE} -B
    ${CMAKE_CURRENT_LIST_DIR}/explain_test.py --user=${user} $<TARGET_FILE:explain_payload>)
  set_tests_properties(explain_${user} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77)
endforeach()
