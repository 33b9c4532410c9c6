# Programs of users that are built with sanitizers, against the library as it is
# installed: without one.
if(TESTCELL_SANITIZE)
  return()
endif()

# The plugin, compiled once for all three.
add_library(sanitizers_plugin OBJECT)
target_link_libraries(sanitizers_plugin PRIVATE testcell::gtest_main)

set(sanitizers_programs)
foreach(kind address undefined thread)
  add_executable(sanitizers_${kind}
    ${CMAKE_CURRENT_LIST_DIR}/sanitizers_payload.cc $<TARGET_OBJECTS:sanitizers_plugin>)
  target_include_directories(sanitizers_${kind} PRIVATE
    $<TARGET_PROPERTY:testcell_gtest,INTERFACE_INCLUDE_DIRECTORIES>)
  target_compile_options(sanitizers_${kind} PRIVATE
    -fsanitize=${kind} -fno-sanitize-recover=undefined -g)
  target_link_options(sanitizers_${kind} PRIVATE
    $<TARGET_PROPERTY:testcell_gtest,INTERFACE_LINK_OPTIONS> -fsanitize=${kind})
  target_link_libraries(sanitizers_${kind} PRIVATE testcell_framework GTest::gtest)
  list(APPEND sanitizers_programs $<TARGET_FILE:sanitizers_${kind}>)
endforeach()
add_test(NAME sanitizers_test COMMAND ${Python3_EXECUTABLE}
  ${CMAKE_CURRENT_LIST_DIR}/sanitizers_test.py ${sanitizers_programs})
set_tests_properties(sanitizers_test PROPERTIES TIMEOUT 300)
