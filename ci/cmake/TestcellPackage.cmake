# What is installed beside each folder's own files: the CMake package, the files
# for pkg-config, and how CPack makes packages of it all.
include(CMakePackageConfigHelpers)

get_target_property(testcell_kind testcell_framework TYPE)
set(testcell_is_static OFF)
set(testcell_pc_requires "")
if(testcell_kind STREQUAL "STATIC_LIBRARY")
  set(testcell_is_static ON)
  set(testcell_pc_requires "Requires: fmt\n")
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/testcell-config.cmake.in
  ${PROJECT_BINARY_DIR}/testcell-config.cmake INSTALL_DESTINATION ${testcell_package})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/testcell-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/testcell-config.cmake
  ${PROJECT_BINARY_DIR}/testcell-config-version.cmake
  DESTINATION ${testcell_package})
install(EXPORT testcell-targets NAMESPACE testcell:: DESTINATION ${testcell_package})

# A package that is moved takes its paths along: they start at the file itself.
file(RELATIVE_PATH testcell_pc_prefix
  "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" testcell_pc_prefix "${testcell_pc_prefix}")
foreach(name IN ITEMS testcell testcell-gtest)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(NOT testcell_top_level)
  return()
endif()

set(TESTCELL_PACKAGE_CONTACT "Testcell's authors <nobody@localhost>" CACHE STRING
  "Who answers for the packages that CPack makes: Name <address>")
set(CPACK_PACKAGE_CONTACT "${TESTCELL_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_NAME testcell)
set(CPACK_PACKAGE_VENDOR Testcell)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION
  "Testcell runs every GoogleTest test case, or any command, in a cell: with a private
network, /tmp and working directory, so that tests that bind the same port or write
the same file run side by side. The package has the library, the GoogleTest plugin,
the functions for CTest and the program testcell.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS libfmt-dev)  # the library's users link it, too
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libgtest-dev, cmake (>= 3.20)")
include(CPack)
