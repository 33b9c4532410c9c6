// The descriptors that were open before a test.
#ifndef TESTCELL_SRC_PROBE_FD_TABLE_H_
#define TESTCELL_SRC_PROBE_FD_TABLE_H_

#include <sys/stat.h>

#include <cstddef>

namespace testcell::probe {

// Async-signal-safe. Lies in memory that is zero at first.
class FdTable {
 public:
  // What this process has open now.
  void Fill();
  // The same for one descriptor, that was opened or replaced since.
  void Update(int fd);
  // Open before, and still the same file.
  bool Has(int fd, const struct stat& status) const;
  // The same under any number, as in a process that the test has started.
  bool HasFile(const struct stat& status) const;
  // Nothing but what was open before is open; false where that isn't known at
  // little cost.
  bool IsAll() const;

 private:
  struct Entry {
    int fd;
    dev_t device;
    ino_t inode;
  };
  static constexpr std::size_t kCapacity = 4096;

  std::size_t count_;
  Entry entries_[kCapacity];
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_FD_TABLE_H_
