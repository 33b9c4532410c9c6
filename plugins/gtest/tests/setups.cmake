# Findings where there are set-ups, and where there is nothing to find.
add_executable(setups_payload ${CMAKE_CURRENT_LIST_DIR}/setups_payload.cc)
target_link_libraries(setups_payload PRIVATE testcell_compile tested_gtest)
add_executable(plain_payload ${CMAKE_CURRENT_LIST_DIR}/plain_payload.cc)
target_link_libraries(plain_payload PRIVATE testcell_compile tested_gtest_main)
foreach(user root user)
  add_test(NAME setups_${user} COMMAND ${Python3_EXECUTABLE} -B
    ${CMAKE_CURRENT_LIST_DIR}/setups_test.py ${user} $<TARGET_FILE:setups_payload>
    $<TARGET_FILE:plain_payload>)
  set_tests_properties(setups_${user} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()
