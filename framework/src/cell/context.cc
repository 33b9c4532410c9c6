#include "cell/context.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace testcell::cell {

void SendReport(const Context& context, const protocol::Report& report, const int* fds,
                int fd_count) {
  iovec data{const_cast<protocol::Report*>(&report), sizeof report};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  posix::PassedFds passed;
  passed.AddTo(&message, fds, fd_count);
  while (::sendmsg(context.fds->control, &message, MSG_NOSIGNAL) < 0) {
    // Who waits for this report would wait for ever; of an end everybody hears.
    if (errno != EINTR) ::_exit(1);
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
