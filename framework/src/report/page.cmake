# page.html as a constant of the library, so that a report needs no other file.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_LIST_DIR}/page.html)
file(READ ${CMAKE_CURRENT_LIST_DIR}/page.html testcell_page)
set(testcell_page_source ${CMAKE_CURRENT_BINARY_DIR}/report_page.cc)
file(CONFIGURE OUTPUT ${testcell_page_source} @ONLY CONTENT
"#include \"report/page.h\"
const char testcell::report::kPage[] = R\"testcell(@testcell_page@)testcell\";
")
target_sources(testcell_report PRIVATE ${testcell_page_source})
