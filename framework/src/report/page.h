// The page of the HTML report, built in from page.html.
#ifndef TESTCELL_SRC_REPORT_PAGE_H_
#define TESTCELL_SRC_REPORT_PAGE_H_

namespace testcell::report {

// In it the run's data takes the place of kPageData.
extern const char kPage[];
inline constexpr char kPageData[] = "@TESTCELL_DATA@";

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_PAGE_H_
