# The tests of testcell::Server, of what it is made of, and of the socket lists.
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)

set(testcell_server_payloads listen exit chatty deaf family stuck report)

add_executable(server_test
  ${CMAKE_CURRENT_LIST_DIR}/server_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/server_stop_test.cc
  ${CMAKE_CURRENT_LIST_DIR}/server_parts_test.cc)
target_include_directories(server_test PRIVATE
  ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/../src)
target_link_libraries(server_test PRIVATE
  testcell::framework testcell_compile fmt::fmt Threads::Threads GTest::gmock GTest::gtest_main)

foreach(payload IN LISTS testcell_server_payloads)
  add_executable(server_${payload} ${CMAKE_CURRENT_LIST_DIR}/payloads/server_${payload}.cc)
  target_link_libraries(server_${payload} PRIVATE testcell_compile)
  add_dependencies(server_test server_${payload})
endforeach()
# All of them are in one directory.
target_compile_definitions(server_test PRIVATE
  TESTCELL_SERVER_PAYLOADS="$<TARGET_FILE_DIR:server_listen>")

add_test(NAME server_test COMMAND server_test)
set_tests_properties(server_test PROPERTIES TIMEOUT 120)
