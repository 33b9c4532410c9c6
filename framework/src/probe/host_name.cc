#include <string.h>
#include <sys/utsname.h>

#include "probe/probes.h"

namespace testcell::probe {

void ReportHostName(const char* expected, Wanted wanted, Sink* sink) {
  utsname name;
  if (*expected == '\0') return;  // it is the host's
  if (::uname(&name) != 0 || ::strcmp(name.nodename, expected) == 0) return;
  if (wanted.uses && wanted.seen->Add(Hash(name.nodename, 11))) {
    sink->Report(UseKind::kHostName, name.nodename);
  }
  if (!wanted.leaks) return;
  Text what;
  what.Add("host name ").Add(name.nodename).Add(", was ").Add(expected);
  sink->Report(LeakKind::kState, View(what), {{"before", expected}, {"after", name.nodename}});
}

}  // namespace testcell::probe
