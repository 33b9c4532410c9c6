# Writes system_calls.inc into the build directory, a line for each system call
# that the compiler's <sys/syscall.h> knows: {SYS_read, "read"},
set(system_calls_source ${CMAKE_CURRENT_BINARY_DIR}/system_calls_source.cc)
file(WRITE ${system_calls_source} "#include <sys/syscall.h>\n")
execute_process(
  COMMAND ${CMAKE_CXX_COMPILER} -E -dM ${system_calls_source}
  OUTPUT_VARIABLE system_calls_macros
  RESULT_VARIABLE system_calls_result)
if(NOT system_calls_result EQUAL 0)
  message(WARNING "system calls can't be listed: reports will give them by number")
endif()
string(REGEX MATCHALL "#define SYS_[a-z0-9_]+ " system_calls_names "${system_calls_macros}")
set(system_calls_lines "{-1, \"\"},\n")
foreach(line IN LISTS system_calls_names)
  string(REGEX REPLACE "#define SYS_([a-z0-9_]+) " "{SYS_\\1, \"\\1\"},\n" line "${line}")
  string(APPEND system_calls_lines "${line}")
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/system_calls.inc
  CONTENT "${system_calls_lines}" @ONLY)
