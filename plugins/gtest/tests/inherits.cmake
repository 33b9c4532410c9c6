# What a test process inherits.
add_executable(inherits_payload ${CMAKE_CURRENT_LIST_DIR}/inherits_payload.cc)
target_link_libraries(inherits_payload PRIVATE testcell_compile tested_gtest)
foreach(user IN ITEMS root user)
  add_test(NAME inherits_${user} COMMAND ${Python3_EXECUTABLE} -B
    ${CMAKE_CURRENT_LIST_DIR}/inherits_test.py ${user} $<TARGET_FILE:inherits_payload>)
  set_tests_properties(inherits_${user} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()
