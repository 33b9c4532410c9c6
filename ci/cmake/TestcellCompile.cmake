# How testcell's own code is compiled: one place for the standard, the warnings
# and the sanitizers, so that every target has them alike.

set(TESTCELL_SANITIZE "" CACHE STRING "address, undefined or thread: build with that sanitizer")

add_library(testcell_compile INTERFACE)
target_compile_features(testcell_compile INTERFACE cxx_std_20)
target_compile_options(testcell_compile INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
  -Wold-style-cast -Wcast-align -Woverloaded-virtual)
if(TESTCELL_WARNINGS_AS_ERRORS)
  target_compile_options(testcell_compile INTERFACE -Werror)
endif()

if(TESTCELL_SANITIZE AND CMAKE_SOURCE_DIR STREQUAL PROJECT_SOURCE_DIR)
  add_compile_options(-fsanitize=${TESTCELL_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${TESTCELL_SANITIZE})
  if(TESTCELL_SANITIZE STREQUAL "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
