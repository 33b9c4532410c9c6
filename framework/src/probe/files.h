// The files of a cell's private and copy-on-write directories.
#ifndef TESTCELL_SRC_PROBE_FILES_H_
#define TESTCELL_SRC_PROBE_FILES_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "probe/places.h"
#include "probe/sink.h"

namespace testcell::probe {

// All of it is async-signal-safe and allocates nothing.

// How many inodes the private file systems hold: what is left or was made in
// a copy-on-write directory changes it.
std::uint64_t CountInodes(const PlaceFds& fds);

// What is in the trees and was not given.
void ReportFiles(const Places& places, const PlaceFds& fds, Sink* sink);

// Is what the upper directory of a copy-on-write tree holds under this path
// more than a copy of the host's?
bool ChangesLower(const Tree& tree, const PlaceFds& fds, const char* below, bool is_directory);

// "file", "directory"; static storage.
const char* TypeText(mode_t mode);

// Files of compilers' tools, which no test means to write.
bool IsOfTool(std::string_view name);

bool IsBelow(const std::string& path, const std::string& directory);

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_FILES_H_
