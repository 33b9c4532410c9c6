# The plugin compiled once for the programs that test it, which all have the same flags;
# otherwise as testcell::gtest and testcell::gtest_main, which each compile it anew.
add_library(tested_objects OBJECT ${PROJECT_SOURCE_DIR}/plugins/gtest/src/all.cc)
target_link_libraries(tested_objects PRIVATE testcell_compile testcell::gtest)
add_library(tested_gtest INTERFACE)
target_sources(tested_gtest INTERFACE $<TARGET_OBJECTS:tested_objects>)
target_link_libraries(tested_gtest INTERFACE testcell_framework GTest::gtest)
foreach(property INCLUDE_DIRECTORIES LINK_OPTIONS TESTCELL_PLUGIN)
  set_property(TARGET tested_gtest PROPERTY INTERFACE_${property}
    $<TARGET_PROPERTY:testcell_gtest,INTERFACE_${property}>)
endforeach()

add_library(tested_main_object OBJECT ${PROJECT_SOURCE_DIR}/plugins/gtest/src/main.cc)
target_link_libraries(tested_main_object PRIVATE testcell_compile tested_gtest)
add_library(tested_gtest_main INTERFACE)
target_sources(tested_gtest_main INTERFACE $<TARGET_OBJECTS:tested_main_object>)
target_link_libraries(tested_gtest_main INTERFACE tested_gtest)
