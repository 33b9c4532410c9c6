// Files on their way from cells to the host. They wait beside it until the
// last test of a run has ended: in its place each would be seen by every test
// that starts later.
#ifndef TESTCELL_SRC_SUPERVISOR_STAGING_H_
#define TESTCELL_SRC_SUPERVISOR_STAGING_H_

#include <sys/stat.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "posix/unique_fd.h"

namespace testcell::supervisor {

// A regular file, symbolic link or directory in a directory of a cell that is
// gone. Changes no more.
struct CellFile {
  int directory;
  std::string name;
  struct stat status;
};

// For reading, whatever its mode. Nobody is left in the cell whom a wider one
// could concern.
posix::UniqueFd OpenCellFile(const CellFile& file);

// A path on the host: an existing directory, and what is below it.
struct HostPath {
  std::string root;
  std::string below;
  std::string whole() const { return root + "/" + below; }
};

class Staging {
 public:
  Staging() = default;
  ~Staging() { Clear(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // The test that has put something in for this path, and whether it is the
  // same but for mode and times; null: none.
  const std::string* Owner(const HostPath& path) const;
  bool Same(const CellFile& file, const HostPath& path) const;

  // Takes a copy, in place of the one that it may have; the directories above
  // come first. 0, or the errno of what would keep it from its place.
  int Put(const CellFile& file, const HostPath& path, const std::string& test);

  struct Failure {
    HostPath path;
    int error;
  };
  // Puts everything in its place: whole, never half. Mode and times come with
  // it, the owner does not. No link is followed, no directory removed on the
  // way. Afterwards nothing is left here.
  std::vector<Failure> Place();

 private:
  struct Entry {
    HostPath path;
    std::string test;
    struct stat status;
    std::string text;  // where a link points to; the name of a file's copy
  };

  void Clear();
  int Copy(const CellFile& file, Entry* entry);
  int OpenDirectory();
  int PlaceFile(const Entry& entry, int directory, const std::string& name);
  int PlaceLink(const Entry& entry, int directory, const std::string& name);

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> numbers_;  // by the whole path
  std::string directory_path_;
  posix::UniqueFd directory_;  // of the copies, made with the first
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_STAGING_H_
