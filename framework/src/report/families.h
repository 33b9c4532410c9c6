// Names of files that differ in their last six letters alone, as mkstemp(3) leaves
// them: what one name does not show, the others of a run do.
//
//   Families families;
//   for (const std::string& name : names) families.Add(name);
//   families.Mask("/tmp/logCcihar")  // "/tmp/logXXXXXX", if others look like chance
#ifndef TESTCELL_SRC_REPORT_FAMILIES_H_
#define TESTCELL_SRC_REPORT_FAMILIES_H_

#include <set>
#include <string>
#include <unordered_map>

#include "testcell/internal/report.h"

namespace testcell::report {

class Families {
 public:
  // A path, or what has one in it.
  void Add(const std::string& text);
  // With X's for what is made up by this measure.
  std::string Mask(const std::string& text) const;

 private:
  struct Family {
    std::set<std::string> ends;
    std::size_t by_chance = 0;  // of them
  };
  std::unordered_map<std::string, Family> families_;  // by all that comes before
};

// Of the names that tests leave and use.
Families FindFamilies(const std::vector<Test>& tests);

// Uses by names that are made up by that measure, and that one test alone has.
void MarkMadeUp(const Families& families, std::vector<Test>* tests);

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_FAMILIES_H_
