# What a cell is, from inside and by what reaches the host.
add_executable(isolation_test ${CMAKE_CURRENT_LIST_DIR}/isolation_test.cc)
target_link_libraries(isolation_test PRIVATE tested_gtest_main testcell_compile rt)
add_test(NAME isolation_test
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/isolation_test.py
    $<TARGET_FILE:isolation_test>)
set_tests_properties(isolation_test PROPERTIES TIMEOUT 300)
# A sanitizer's library does not link into a program without it.
if(NOT TESTCELL_SANITIZE)
  foreach(compiler gcc clang)
    add_test(NAME coverage_test_${compiler}
      COMMAND ${CMAKE_CURRENT_LIST_DIR}/coverage_test.sh ${compiler} ${PROJECT_SOURCE_DIR}
        $<TARGET_FILE:testcell_framework>)
    set_tests_properties(coverage_test_${compiler} PROPERTIES TIMEOUT 300)
  endforeach()
endif()
