add_executable(findings_driver
  findings/descriptor_payloads.cc findings/driver.cc findings/file_payloads.cc
  findings/payloads.cc findings/process_payloads.cc findings/socket_payloads.cc
  findings/system_payloads.cc findings/thread_payloads.cc)
target_link_libraries(findings_driver PRIVATE testcell::framework testcell_compile fmt::fmt)
# With a payload file of its own: what is found there depends on the user.
add_executable(escapes_driver
  findings/driver.cc findings/escape_payloads.cc findings/payloads.cc)
target_link_libraries(escapes_driver PRIVATE testcell::framework testcell_compile fmt::fmt)
add_test(NAME escapes_test
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/findings/escapes_test.py
    $<TARGET_FILE:escapes_driver>)
set_tests_properties(escapes_test PROPERTIES TIMEOUT 300)
add_test(NAME findings_test
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/findings/findings_test.py
    $<TARGET_FILE:findings_driver> ${CMAKE_CURRENT_LIST_DIR}/findings/expected.tsv)
set_tests_properties(findings_test PROPERTIES
  TIMEOUT 300 ENVIRONMENT SANITIZER=${TESTCELL_SANITIZE})
add_executable(several_driver
  findings/driver.cc findings/payloads.cc findings/several_payloads.cc)
target_link_libraries(several_driver PRIVATE testcell::framework testcell_compile fmt::fmt)
add_test(NAME several_test
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/findings/several_test.py
    $<TARGET_FILE:several_driver>)
set_tests_properties(several_test PROPERTIES TIMEOUT 300)
