// The report as an object, for those who write it in one form or another.
#ifndef TESTCELL_SRC_REPORT_JSON_H_
#define TESTCELL_SRC_REPORT_JSON_H_

#include <nlohmann/json.hpp>
#include <string>

#include "testcell/internal/report.h"

namespace testcell::report {

nlohmann::ordered_json RunObject(const Run& run);
// indent -1: all in one line.
std::string Dump(const nlohmann::ordered_json& object, int indent);

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_JSON_H_
