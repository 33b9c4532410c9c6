// What a test does to the host's files: escapes_test.py names the directory.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "payloads.h"

namespace {

using namespace payloads;

// It holds kept, changed, gone, sub/kept and a FIFO, pipe.
std::string Host(const std::string& name) { return std::getenv("ZOO_HOST") + ("/" + name); }

void Remove(const std::string& name) { MUST(::unlink(Host(name).c_str())); }

PAYLOAD(escape_made) { WriteFile(Host("made"), "12"); }
PAYLOAD(escape_made_clean) {
  WriteFile(Host("made"), "12");
  Remove("made");
}
PAYLOAD(escape_made_by_child) {
  const pid_t child = MUST(::fork());
  if (child == 0) {
    WriteFile(Host("made"), "12");
    ::_exit(0);
  }
  MUST(::waitpid(child, nullptr, 0));
}
PAYLOAD(escape_made_in_namespace) {
  MUST(::unshare(CLONE_NEWPID | CLONE_NEWNS));
  const pid_t child = MUST(::fork());
  if (child == 0) {
    WriteFile(Host("made"), "12");
    ::_exit(0);
  }
  MUST(::waitpid(child, nullptr, 0));
}
PAYLOAD(escape_made_by_left_process) {
  StartActor([] { WriteFile(Host("made"), "12"); });
}
PAYLOAD(escape_empty_made) {
  ::close(MUST(::open(Host("made").c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600)));
}
PAYLOAD(escape_kinds_made) {
  MUST(::mkfifo(Host("fifo").c_str(), 0600));
  MUST(::symlink("/nowhere", Host("symlink").c_str()));
  MUST(::link(Host("kept").c_str(), Host("link").c_str()));
}
PAYLOAD(escape_directory_made) {
  MUST(::mkdir(Host("work").c_str(), 0755));
  WriteFile(Host("work/part"), "12");
}
PAYLOAD(escape_directory_clean) {
  MUST(::mkdir(Host("work").c_str(), 0755));
  WriteFile(Host("work/part"), "12");
  Remove("work/part");
  MUST(::rmdir(Host("work").c_str()));
}
PAYLOAD(escape_changed) { WriteFile(Host("changed"), "something else"); }
PAYLOAD(escape_replaced) {
  WriteFile(Host("changed.new"), "something else");
  MUST(::rename(Host("changed.new").c_str(), Host("changed").c_str()));
}
// The name is a new one, and the file that goes next has another.
PAYLOAD(escape_renamed_before_removal) {
  WriteFile(Host("made.new"), "12");
  MUST(::rename(Host("made.new").c_str(), Host("made").c_str()));
  Remove("gone");
}
PAYLOAD(escape_moved_back_changed) {
  MUST(::rename(Host("kept").c_str(), Host("aside").c_str()));
  WriteFile(Host("aside"), "something else");
  MUST(::rename(Host("aside").c_str(), Host("kept").c_str()));
}
PAYLOAD(escape_moved_back_clean) {
  MUST(::rename(Host("kept").c_str(), Host("aside").c_str()));
  MUST(::rename(Host("aside").c_str(), Host("kept").c_str()));
}
PAYLOAD(escape_exchanged) {
  MUST(::renameat2(AT_FDCWD, Host("kept").c_str(), AT_FDCWD, Host("changed").c_str(),
                   RENAME_EXCHANGE));
}
PAYLOAD(escape_mode_changed) { MUST(::chmod(Host("sub").c_str(), 0700)); }
PAYLOAD(escape_deleted) { Remove("gone"); }
PAYLOAD(escape_renamed) { MUST(::rename(Host("gone").c_str(), Host("sub/new").c_str())); }
PAYLOAD(escape_mapped) {
  const int fd = MUST(::open(Host("kept").c_str(), O_RDWR | O_CLOEXEC));
  void* const map = ::mmap(nullptr, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  MUST(map == MAP_FAILED ? -1 : 0);
  ::close(fd);
  *static_cast<char*>(map) = 'K';
  MUST(::munmap(map, 4));
}
// Long enough for init to have read the first events.
PAYLOAD(escape_before_a_pause) {
  WriteFile(Host("made"), "12");
  WriteFile(Host("passing"), "12");
  MUST(::poll(nullptr, 0, 300));
  Remove("passing");
}
PAYLOAD(escape_fifo_clean) {
  const int fd = MUST(::open(Host("pipe").c_str(), O_RDWR | O_CLOEXEC));
  char byte = 'x';
  MUST(::write(fd, &byte, 1));
  MUST(::read(fd, &byte, 1));
  ::close(fd);
}
// Calls that change nothing.
PAYLOAD(escape_refused_clean) {
  ::mkdir(Host("sub").c_str(), 0700);
  ::open(Host("none/made").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ::open(Host("none").c_str(), O_WRONLY | O_CLOEXEC);
  ::unlink(Host("none").c_str());
  ::rmdir(Host("sub").c_str());
  ::rename(Host("none").c_str(), Host("kept").c_str());
  ::open("/proc/version", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}
PAYLOAD(escape_truncated) { MUST(::truncate(Host("kept").c_str(), 1)); }
PAYLOAD(escape_by_symlink) {
  MUST(::symlink(Host("made").c_str(), "/tmp/there"));
  WriteFile("/tmp/there", "12");
}
PAYLOAD(escape_by_symlink_clean) {
  MUST(::symlink("/tmp/state", "/tmp/there"));
  WriteFile("/tmp/there", "12");
}
PAYLOAD(escape_socket_made) {
  const int fd = MUST(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  MUST(BindUnix(fd, Host("socket")));
  ::close(fd);
}
PAYLOAD(escape_socket_clean) {
  const int fd = MUST(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  MUST(BindUnix(fd, Host("socket")));
  ::close(fd);
  Remove("socket");
}
void ActInRoot(const std::string& root, const std::function<void()>& act) {
  const pid_t child = MUST(::fork());
  if (child == 0) {
    MUST(::chroot(root.c_str()));
    act();
    ::_exit(0);
  }
  MUST(::waitpid(child, nullptr, 0));
}
PAYLOAD(escape_made_in_root) {
  ActInRoot(Host("sub"), [] { WriteFile("/made", "12"); });
}
PAYLOAD(escape_in_root_clean) {
  MUST(::mkdir("/tmp/root", 0755));
  ActInRoot("/tmp/root", [] { WriteFile("/made", "12"); });
}
PAYLOAD(escape_many_made) {
  for (int i = 0; i < 400; ++i) WriteFile(Host("many" + std::to_string(i)), "12");
}
// What has no name until it gets one.
int Unnamed() {
  const int fd = MUST(::open(std::getenv("ZOO_HOST"), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  MUST(::write(fd, "12", 2));
  return fd;
}
PAYLOAD(escape_unnamed_clean) { ::close(Unnamed()); }
PAYLOAD(escape_unnamed_linked) {
  const int fd = Unnamed();
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  MUST(::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, Host("made").c_str(), AT_SYMLINK_FOLLOW));
  ::close(fd);
}
PAYLOAD(escape_unnamed_name_changed) { WriteFile(Host("#12"), "something else"); }
PAYLOAD(escape_opened_clean) { ::close(MUST(::open(Host("kept").c_str(), O_RDWR | O_CLOEXEC))); }
PAYLOAD(escape_read_clean) {
  char text[16];
  const int fd = MUST(::open(Host("sub/kept").c_str(), O_RDONLY | O_CLOEXEC));
  MUST(::read(fd, text, sizeof text));
  ::close(fd);
}
PAYLOAD(escape_devices_clean) {
  WriteFile("/dev/null", "12");
  WriteFile("/proc/self/comm", "zoo");
}
PAYLOAD(escape_coverage_clean) { WriteFile(Host("part.gcda"), "counts"); }
PAYLOAD(escape_private_clean) {
  WriteFile("/tmp/state", "12");
  WriteFile("made", "12");
}
PAYLOAD(escape_shared_clean) { WriteFile(Host("shared/made"), "12"); }

}  // namespace
