// The findings of a unit, as its test process and init tell them, put
// together: what two of them saw is one.
#ifndef TESTCELL_SRC_SUPERVISOR_FINDINGS_H_
#define TESTCELL_SRC_SUPERVISOR_FINDINGS_H_

#include <string>
#include <utility>
#include <vector>

#include "testcell/finding.h"
#include "testcell/internal/connection.h"

namespace testcell::supervisor {

class Findings {
 public:
  // Payloads of kLeak, kUse and kConnection; what is malformed is passed over.
  void AddLeak(const std::string& payload);
  void AddUse(const std::string& payload);
  void AddConnection(const std::string& payload);

  // Files that are not gone with the cell, since they are carried back.
  void DropCarried(const std::vector<std::string>& paths);

  const std::vector<Leak>& leaks() const { return leaks_; }
  // In an order that does not depend on chance.
  std::vector<Leak> TakeLeaks();
  std::vector<Use> TakeUses();
  // In the order of the first of each.
  std::vector<internal::Connection> TakeConnections() { return std::move(connections_); }

 private:
  std::vector<Leak> leaks_;
  std::vector<Use> uses_;
  std::vector<internal::Connection> connections_;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_FINDINGS_H_
