// What a cell's capture holds, as a file that tcpdump and Wireshark read.
#ifndef TESTCELL_SRC_SUPERVISOR_CAPTURE_FILE_H_
#define TESTCELL_SRC_SUPERVISOR_CAPTURE_FILE_H_

#include <cstdint>

namespace testcell::supervisor {

struct CaptureResult {
  int error = 0;              // errno of what kept it from being whole; 0: nothing
  std::uint64_t packets = 0;  // written
  std::uint64_t dropped = 0;  // since the ring was full
};

// `socket` is from cell::OpenCapture(), of a cell whose test is over. Packets that
// came before this call are written to `file`; waits at most a second for
// the kernel to hand over the last of them.
CaptureResult WriteCapture(int socket, int file);

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_CAPTURE_FILE_H_
