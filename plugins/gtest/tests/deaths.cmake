# How runs end whose tests die, hang, or harm what they share with us; and what
# such runs leave behind, which is nothing.
add_executable(deaths_payload
  ${CMAKE_CURRENT_LIST_DIR}/deaths_payload.cc
  ${CMAKE_CURRENT_LIST_DIR}/deaths_payload_output.cc
  ${CMAKE_CURRENT_LIST_DIR}/deaths_payload_schedule.cc
  ${CMAKE_CURRENT_LIST_DIR}/deaths_payload_tools.cc)
target_link_libraries(deaths_payload PRIVATE tested_gtest_main testcell_compile)
add_executable(deaths_parent ${CMAKE_CURRENT_LIST_DIR}/deaths_parent.cc)
target_link_libraries(deaths_parent PRIVATE tested_gtest testcell_compile)

# A sanitizer reports a signal and ends by exit(); AddressSanitizer holds much of
# what was freed. Signals and the supervisor's memory are what is looked at here.
set(deaths_environment
  ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:quarantine_size_mb=1
  TSAN_OPTIONS=handle_segv=0:handle_sigbus=0
  UBSAN_OPTIONS=handle_segv=0:handle_sigbus=0)
if(TESTCELL_SANITIZE STREQUAL "thread")
  # It has four bytes and a half of its own for each of the program's.
  list(APPEND deaths_environment DEATHS_MEMORY_MIB=320)
endif()
# UndefinedBehaviorSanitizer would end the write to nowhere before the kernel
# does, and it makes a pipe to look at an object's type: one of these tests has
# no descriptor left, which it takes for an object of a wrong type.
if(TESTCELL_SANITIZE STREQUAL "undefined")
  set_source_files_properties(
    ${CMAKE_CURRENT_LIST_DIR}/deaths_payload.cc ${CMAKE_CURRENT_LIST_DIR}/deaths_payload_output.cc
    PROPERTIES COMPILE_OPTIONS -fno-sanitize=null,vptr)
endif()

# Once as root and once as an ordinary user, who is also who else runs them.
foreach(part verdicts damage schedule signals)
  foreach(user root user)
    add_test(NAME deaths_${part}_${user}
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/deaths_${part}_test.py
        --user=${user} $<TARGET_FILE:deaths_payload> $<TARGET_FILE:deaths_parent>)
    set_tests_properties(deaths_${part}_${user} PROPERTIES
      TIMEOUT 300 SKIP_RETURN_CODE 77 ENVIRONMENT "${deaths_environment}")
  endforeach()
endforeach()
