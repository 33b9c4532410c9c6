#include "supervisor/artifacts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "posix/error.h"
#include "posix/own_signals.h"
#include "supervisor/capture_file.h"
#include "supervisor/cell_files.h"
#include "supervisor/cell_sockets.h"
#include "supervisor/snapshot.h"

namespace testcell::supervisor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 200;  // of 255 that file systems take
// Every directory of ours has it, and none is replaced that has not.
constexpr char kSummary[] = "outcome.txt";
constexpr SnapshotLimits kProcessLimits{2000, 4096};

posix::UniqueFd MakeFile(const std::string& path) {
  posix::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file) posix::ThrowErrno(errno, "cannot make {}", path);
  return file;
}

void WriteText(const std::string& path, std::string_view text) {
  const posix::UniqueFd file = MakeFile(path);
  while (!text.empty()) {
    const ssize_t size =
        posix::RetryOnInterrupt([&] { return ::write(file.get(), text.data(), text.size()); });
    if (size < 0) posix::ThrowErrno(errno, "cannot write {}", path);
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

// One test's directory in the making.
class Writer {
 public:
  Writer(const Remains& remains, std::string directory)
      : remains_(remains), directory_(std::move(directory)) {}

  void Write() {
    WriteOutput(0, remains_.one_output ? "output.txt" : "stdout.txt");
    if (!remains_.one_output) WriteOutput(1, "stderr.txt");
    WriteProcesses();
    WriteCapturedPackets();
    WriteFiles();
    WriteSockets();  // leaves this process in the cell's network
    WriteText(Path(kSummary), Summary());
  }

 private:
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  void Note(std::string text) { notes_.push_back(std::move(text)); }

  void WriteOutput(int stream, const char* name) {
    const posix::UniqueFd file = MakeFile(Path(name));
    const int from = remains_.output->fd(stream);
    off_t offset = 0;
    while (from >= 0) {
      const ssize_t size = posix::RetryOnInterrupt(
          [&] { return ::sendfile(file.get(), from, &offset, std::size_t{1} << 20); });
      if (size < 0) posix::ThrowErrno(errno, "cannot write {}", Path(name));
      if (size == 0) break;
    }
    const std::uint64_t lost = remains_.output->lost_bytes(stream);
    if (lost > 0) Note(fmt::format("{}: cut, {} more bytes were printed", name, lost));
  }

  bool IsGone(const char* name) {
    if (remains_.init > 0) return false;
    Note(fmt::format("{}: none, for the cell was gone", name));
    return true;
  }

  void WriteProcesses() {
    if (IsGone("processes.txt")) return;
    WriteText(Path("processes.txt"), DescribeProcesses(remains_.init, kProcessLimits) + "\n");
  }

  void WriteCapturedPackets() {
    constexpr char kName[] = "loopback.pcap";
    if (remains_.packets < 0) {
      const std::string reason = remains_.plan->own_net ? posix::ErrnoText(remains_.capture_error)
                                                        : "its network is the host's";
      return Note(fmt::format("{}: none: {}", kName, reason));
    }
    const posix::UniqueFd file = MakeFile(Path(kName));
    const CaptureResult result = WriteCapture(remains_.packets, file.get());
    if (result.error != 0) {
      Note(fmt::format("{}: not whole: {}", kName, posix::ErrnoText(result.error)));
    }
    if (result.dropped > 0) {
      Note(fmt::format("{}: cut after {} packets, {} more were sent", kName, result.packets,
                       result.dropped));
    }
  }

  void WriteFiles() {
    if (remains_.base < 0) return Note("files: none, for the cell was gone");
    const CellFileCopy copy =
        CopyCellFiles(*remains_.plan, remains_.working_directory_shared, remains_.base,
                      remains_.init, Path("files"), CellFileLimits());
    for (const std::string& note : copy.notes) Note("files: " + note);
  }

  void WriteSockets() {
    if (IsGone("sockets.txt")) return;
    if (!remains_.plan->own_net) {
      return Note("sockets.txt: none: its network is the host's");
    }
    const posix::UniqueFd file = MakeFile(Path("sockets.txt"));
    std::string error;
    const std::string text = DescribeSockets(remains_.init, &error);
    const ssize_t size = static_cast<ssize_t>(text.size());
    if (error.empty() && ::write(file.get(), text.data(), text.size()) != size) {
      error = posix::ErrnoText(errno);
    }
    if (!error.empty()) Note("sockets.txt: not whole: " + error);
  }

  std::string Summary() const {
    const Outcome& outcome = remains_.outcome;
    std::string text = fmt::format(
        "test: {}\noutcome: {}\nattempt: {}\nduration: {} ms\n", remains_.test,
        // That an assertion failed is not for the framework to know.
        outcome.kind == OutcomeKind::kPassed ? Name(OutcomeKind::kFailed) : Name(outcome.kind),
        remains_.attempt,
        std::chrono::duration_cast<std::chrono::milliseconds>(outcome.wall).count());
    if (!outcome.reason.empty()) text += "reason: " + outcome.reason + "\n";
    if (!remains_.failures.empty()) text += "\n" + remains_.failures;
    if (!notes_.empty()) text += "\nWhat is not here, or not whole:\n";
    for (const std::string& note : notes_) text += "- " + note + "\n";
    return text;
  }

  const Remains& remains_;
  const std::string directory_;
  std::vector<std::string> notes_;
};

// A directory of this name is put in place whole, and never beside an old one.
void PutInPlace(const std::string& made, const std::string& path) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(path, error))) {
    if (!fs::is_regular_file(fs::symlink_status(path + "/" + kSummary, error))) {
      posix::ThrowErrno(EEXIST, "{} is not of testcell's making", path);
    }
    fs::remove_all(path, error);
  }
  if (::rename(made.c_str(), path.c_str()) != 0) posix::ThrowErrno(errno, "cannot make {}", path);
}

}  // namespace

std::string FileName(const std::string& test) {
  constexpr std::string_view kSafe = "-._=+,@";
  std::string name;
  for (const char c : test) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= 'A' && byte <= 'Z') || kSafe.find(c) != std::string_view::npos;
    name += plain && !(name.empty() && c == '.') ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  if (name.size() <= kLongestName) return name;
  // FNV-1a: the same in every run.
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : test) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return fmt::format("{}~{:016x}", name.substr(0, kLongestName - 17), hash);
}

std::string ArtifactPath(const Remains& remains) {
  std::string path = remains.directory + "/" + FileName(remains.test);
  if (remains.attempt > 1) path += fmt::format(".attempt-{}", remains.attempt);
  return path;
}

std::string WriteArtifacts(const Remains& remains) {
  const std::string path = ArtifactPath(remains);
  std::string made = remains.directory + "/.testcell-XXXXXX";
  if (::mkdtemp(made.data()) == nullptr) {
    return fmt::format("cannot make a directory in {}: {}", remains.directory,
                       posix::ErrnoText(errno));
  }
  std::error_code ignored;
  try {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    ::chmod(made.c_str(), 0777 & ~mask);
    Writer(remains, made).Write();
    PutInPlace(made, path);
    return {};
  } catch (const std::exception& error) {
    fs::remove_all(made, ignored);
    return error.what();
  }
}

Collector::Collector(const Remains& remains) : path_(ArtifactPath(remains)) {
  int answer[2];
  if (::pipe2(answer, O_CLOEXEC) != 0) posix::ThrowErrno(errno, "cannot make a pipe");
  answer_.Reset(answer[0]);
  const posix::UniqueFd ours(answer[1]);
  pid_ = ::fork();
  if (pid_ < 0) posix::ThrowErrno(errno, "cannot fork a process that keeps what a test has left");
  if (pid_ > 0) return;
  // Ctrl-C is the supervisor's to hear: what is begun is brought to its end.
  posix::BlockAllSignals();
  const std::string error = WriteArtifacts(remains);
  posix::RetryOnInterrupt([&] { return ::write(ours.get(), error.data(), error.size()); });
  ::_exit(0);
}

std::string Collector::Await() {
  std::string text;
  char buffer[4096];
  while (answer_) {
    const ssize_t size =
        posix::RetryOnInterrupt([&] { return ::read(answer_.get(), buffer, sizeof buffer); });
    if (size <= 0) break;
    text.append(buffer, static_cast<std::size_t>(size));
  }
  answer_.Reset();
  if (pid_ <= 0) return text;
  int status = 0;
  // ECHILD: the program reaps, or ignores, its children by itself.
  const pid_t reaped = posix::RetryOnInterrupt([&] { return ::waitpid(pid_, &status, 0); });
  if (reaped == pid_ && status != 0 && text.empty()) text = "the process that does it has died";
  pid_ = -1;
  return text;
}

}  // namespace testcell::supervisor
