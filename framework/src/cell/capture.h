// The loopback traffic of a cell, from its first packet on: the kernel puts it
// into a ring of this size, and drops what comes when that is full. Nobody
// has to read along.
#ifndef TESTCELL_SRC_CELL_CAPTURE_H_
#define TESTCELL_SRC_CELL_CAPTURE_H_

namespace testcell::cell {

// A block holds some of the longest packets of lo.
inline constexpr unsigned kCaptureBlockSize = 256u << 10;
inline constexpr unsigned kCaptureBlocks = 16;

// In init, once lo is up: a socket with the ring, or -1 and errno where this
// kernel has none. Async-signal-safe.
int OpenCapture();

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_CAPTURE_H_
