# How runs end whose tests die, hang, or harm what they share with us; and what
# such runs leave behind, which is nothing.
add_executable(deaths_payload
  ${CMAKE_CURRENT_LIST_DIR}/deaths_payload.cc
  ${CMAKE_CURRENT_LIST_DIR}/deaths_payload_output.cc
  ${CMAKE_CURRENT_LIST_DIR}/deaths_payload_schedule.cc
  ${CMAKE_CURRENT_LIST_DIR}/deaths_payload_tools.cc)
target_link_libraries(deaths_payload PRIVATE testcell::gtest_main testcell_compile)
add_executable(deaths_parent ${CMAKE_CURRENT_LIST_DIR}/deaths_parent.cc)
target_link_libraries(deaths_parent PRIVATE testcell::gtest testcell_compile)

# Once as root and once as an ordinary user, who is also who else runs them.
foreach(part verdicts damage schedule signals)
  foreach(user root user)
    add_test(NAME deaths_${part}_${user}
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/deaths_${part}_test.py
        --user=${user} $<TARGET_FILE:deaths_payload> $<TARGET_FILE:deaths_parent>)
    set_tests_properties(deaths_${part}_${user} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
  endforeach()
endforeach()
