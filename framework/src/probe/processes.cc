#include <unistd.h>

#include <algorithm>

#include "probe/directory.h"
#include "probe/probes.h"
#include "probe/process_status.h"

namespace testcell::probe {
namespace {

// When their parent has died, all children have init as theirs.
pid_t ParentOf(const ProcessStatus& status, pid_t pid, const Shared& shared, pid_t own,
               pid_t test) {
  if (status.parent != own) return status.parent;
  const std::uint32_t count = std::min(shared.child_count, Shared::kMaxChildren);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (shared.children[i] == pid) return test;
  }
  return 0;
}

void ReportProcess(int proc, pid_t pid, const ProcessStatus& status, pid_t parent, Sink* sink) {
  posix::FixedText<16> number;
  posix::FixedText<16> above;
  posix::FixedText<24> age;
  number.Add(static_cast<long>(pid));
  if (parent != 0) above.Add(static_cast<long>(parent));
  age.Add(status.age_ms);
  const CommandLine command = ReadCommandLine(proc, pid, status);
  Text what;
  what.Add(command.c_str()).Add(" (pid ").Add(number.c_str()).Add(")");
  sink->Report(LeakKind::kProcess, View(what),
               {{"pid", View(number)},
                {"parent", parent != 0 ? View(above) : "gone"},
                {"age_ms", View(age)},
                {"command", View(command)},
                {"name", View(status.name)}});
}

}  // namespace

void ReportProcesses(int proc, const Shared& shared, pid_t test, Sink* sink) {
  const Family family(proc, shared.own_proc != 0);
  Directory processes(proc, ".");
  for (int pid = processes.NextNumber(); pid >= 0; pid = processes.NextNumber()) {
    if (!family.Has(pid)) continue;
    posix::FixedText<32> path;
    path.Add(static_cast<long>(pid)).Add("/stat");
    ProcessStatus status;
    if (!ReadStatus(proc, path.c_str(), &status)) continue;
    if (status.IsZombie() || status.ending) continue;
    ReportProcess(proc, pid, status, ParentOf(status, pid, shared, family.own(), test), sink);
  }
}

}  // namespace testcell::probe
