// A write outside the private file systems, which outlives its cell.
#ifndef TESTCELL_SRC_REPORT_ESCAPE_H_
#define TESTCELL_SRC_REPORT_ESCAPE_H_

#include <string>

#include "testcell/finding.h"

namespace testcell::report {

inline const std::string* FindDetail(const Leak& leak, const char* name) {
  for (const auto& detail : leak.detail) {
    if (detail.first == name) return &detail.second;
  }
  return nullptr;
}

inline bool IsEscape(const Leak& leak) {
  const std::string* const escaped = FindDetail(leak, "escaped");
  return leak.kind == LeakKind::kFile && escaped != nullptr && *escaped == "true";
}

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_ESCAPE_H_
