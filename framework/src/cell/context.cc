#include "cell/context.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace testcell::cell {

void SendReport(const Context& context, const protocol::Report& report) {
  while (::send(context.fds->control, &report, sizeof report, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void SendFailure(const Context& context, Step step, int error, const char* detail) {
  protocol::Report report{};
  report.kind = protocol::ReportKind::kFailed;
  report.step = static_cast<std::uint32_t>(step);
  report.error = error;
  ::strncpy(report.detail, detail, sizeof report.detail - 1);
  SendReport(context, report);
}

void Fail(const Context& context, Step step, int error, const char* detail) {
  SendFailure(context, step, error, detail);
  ::_exit(1);
}

}  // namespace testcell::cell
