// Text for a terminal: harmless, and in lines of so many columns.
#ifndef TESTCELL_SRC_REPORT_COLUMNS_H_
#define TESTCELL_SRC_REPORT_COLUMNS_H_

#include <cstddef>
#include <string>
#include <vector>

namespace testcell::report {

// Control characters and what is no UTF-8 as \n or \x1b: a file's name may be
// made to act on the terminal that shows it.
std::string Printable(const std::string& text);

// Columns of printable text, one for each code point.
std::size_t Columns(const std::string& text);

// Printable text in lines, broken at spaces where there are some. No more than
// `most` lines; the last ends with "..." if something was left out.
std::vector<std::string> Wrap(const std::string& text, std::size_t width, std::size_t most);

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_COLUMNS_H_
