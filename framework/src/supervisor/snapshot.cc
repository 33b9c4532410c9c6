#include "supervisor/snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "posix/error.h"
#include "posix/unique_fd.h"

namespace testcell::supervisor {
namespace {

constexpr std::size_t kMaxThreads = 10;  // of one process
constexpr std::size_t kMaxFrames = 8;
constexpr std::size_t kMaxDepth = 12;  // that is shown by indentation

// Empty where it can't be read; bounded, as a command line can be megabytes.
std::string ReadSome(const std::string& path) {
  const posix::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  while (fd && text.size() < (1u << 16)) {
    const ssize_t size =
        posix::RetryOnInterrupt([&] { return ::read(fd.get(), buffer, sizeof buffer); });
    if (size <= 0) break;
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

std::vector<pid_t> NumbersIn(const std::string& path) {
  std::vector<pid_t> numbers;
  DIR* const directory = ::opendir(path.c_str());
  if (directory == nullptr) return numbers;
  while (const dirent* entry = ::readdir(directory)) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0) {
      numbers.push_back(static_cast<pid_t>(std::atol(entry->d_name)));
    }
  }
  ::closedir(directory);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<std::string_view> Words(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  std::vector<std::string_view> words;
  for (std::size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpace, end);
  }
  return words;
}

long long ToNumber(std::string_view text) {
  long long number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The text may hold anything, and goes to terminals and into XML.
std::string Printable(std::string_view text, std::size_t limit) {
  std::string plain;
  for (const char c : text) {
    if (plain.size() >= limit) return plain + "...";
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      plain.push_back(c);
    } else {
      plain += fmt::format("\\x{:02x}", byte);
    }
  }
  return plain;
}

// What /proc/PID/stat says of a process or thread (proc(5)).
struct Stat {
  std::string name;
  char state = '?';
  pid_t parent = -1;
  long long start_ticks = 0;  // since boot
};

bool ReadStat(const std::string& directory, Stat* stat) {
  const std::string text = ReadSome(directory + "/stat");
  // The name is whatever the process chose, brackets and newlines included.
  const std::size_t begin = text.find('(');
  const std::size_t end = text.rfind(')');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return false;
  const std::vector<std::string_view> words = Words(std::string_view(text).substr(end + 1));
  constexpr std::size_t kStartTime = 19;  // field 22, the state being field 3
  if (words.size() <= kStartTime) return false;
  stat->name = text.substr(begin + 1, end - begin - 1);
  stat->state = words[0][0];
  stat->parent = static_cast<pid_t>(ToNumber(words[1]));
  stat->start_ticks = ToNumber(words[kStartTime]);
  return true;
}

const char* StateName(char state) {
  switch (state) {
    case 'R':
      return "running";
    case 'S':
      return "sleeping";
    case 'D':
      return "in uninterruptible sleep";
    case 'T':
      return "stopped";
    case 't':
      return "stopped by a tracer";
    case 'Z':
      return "zombie";
    case 'X':
      return "dead";
    case 'I':
      return "idle";
    default:
      return "in an unknown state";
  }
}

std::string Age(long long start_ticks) {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const double start =
      static_cast<double>(start_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double age =
      static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 - start;
  return fmt::format("{:.1f} s old", std::max(age, 0.0));
}

// The process ids of one process, from our namespace inwards.
std::vector<long long> NamespacePids(const std::string& directory) {
  std::vector<long long> pids;
  const std::string status = ReadSome(directory + "/status");
  constexpr std::string_view kKey = "\nNSpid:";
  const std::size_t at = status.find(kKey);
  if (at == std::string::npos) return pids;
  const std::size_t begin = at + kKey.size();
  const std::string_view line(status.data() + begin,
                              std::min(status.find('\n', begin), status.size()) - begin);
  for (const std::string_view word : Words(line)) pids.push_back(ToNumber(word));
  return pids;
}

// The system call that a thread is in; empty where that can't be said.
std::string SystemCall(const std::string& directory) {
  const std::string text = ReadSome(directory + "/syscall");
  const std::vector<std::string_view> words = Words(text);
  if (words.empty() || words[0] == "running") return std::string();
  const long long number = ToNumber(words[0]);
  return number < 0 ? std::string() : SystemCallName(static_cast<long>(number));
}

std::string WaitChannel(const std::string& directory) {
  const std::string text = ReadSome(directory + "/wchan");
  return text == "0" ? std::string() : Printable(text, 64);
}

// The way into the kernel, which the system call's name has told already.
bool IsEntry(std::string_view frame) {
  for (const std::string_view prefix :
       {"do_syscall_64", "entry_", "__x64_sys_", "__arm64_sys_", "invoke_syscall", "el0_"}) {
    if (frame.substr(0, prefix.size()) == prefix) return true;
  }
  return false;
}

// "pipe_read < vfs_read < ksys_read", innermost first; empty for an ordinary
// user.
std::string KernelStack(const std::string& directory) {
  const std::string text = ReadSome(directory + "/stack");
  std::string frames;
  std::size_t count = 0;
  // A line is "[<0>] pipe_read+0x1b/0x3a0".
  for (const std::string_view word : Words(text)) {
    if (word.substr(0, 2) == "[<") continue;
    const std::string_view name = word.substr(0, word.find('+'));
    if (IsEntry(name)) break;
    if (++count > kMaxFrames) return frames + " < ...";
    frames += (frames.empty() ? "" : " < ") + Printable(name, 64);
  }
  return frames;
}

// Of the cell's processes; the lines of a description.
class Snapshot {
 public:
  Snapshot(pid_t init, const SnapshotLimits& limits)
      : limits_(limits), depth_(NamespacePids(Directory(init)).size()) {
    for (const pid_t pid : NumbersIn("/proc")) {
      Stat stat;
      if (ReadStat(Directory(pid), &stat)) children_[stat.parent].push_back(pid);
    }
    AddDescendants(init);
  }

  std::string Text() const {
    if (lines_.empty()) return "  no process any more";
    std::string text;
    for (const std::string& line : lines_) text += (text.empty() ? "" : "\n") + line;
    if (left_out_ > 0) {
      text += fmt::format("\n  ... and {} more process{}", left_out_, left_out_ == 1 ? "" : "es");
    }
    return text;
  }

 private:
  static std::string Directory(pid_t pid) { return fmt::format("/proc/{}", pid); }

  // Parents before their children, without recursion: a runaway test may have
  // made a chain of any length. No process is visited twice, though what was
  // read one after the other may not fit together.
  void AddDescendants(pid_t init) {
    std::vector<std::pair<pid_t, std::size_t>> waiting{{init, 0}};
    while (!waiting.empty()) {
      const auto [pid, level] = waiting.back();
      waiting.pop_back();
      if (level > 0) Add(pid, level);
      const auto children = children_.extract(pid);
      if (children.empty()) continue;
      for (auto child = children.mapped().rbegin(); child != children.mapped().rend(); ++child) {
        waiting.emplace_back(*child, level + 1);
      }
    }
  }

  void Add(pid_t pid, std::size_t level) {
    if (left_out_ > 0) {
      ++left_out_;
      return;
    }
    const std::string directory = Directory(pid);
    Stat stat;
    const std::vector<long long> pids = NamespacePids(directory);
    const bool gone = !ReadStat(directory, &stat) || pids.size() < depth_;
    if (gone || depth_ == 0) return;
    const std::string indent(2 * std::min(level, kMaxDepth), ' ');
    std::vector<std::string> lines{fmt::format("{}pid {}, {}, {}: {}", indent, pids[depth_ - 1],
                                               StateName(stat.state), Age(stat.start_ticks),
                                               CommandLine(directory, stat))};
    if (stat.state != 'Z' && stat.state != 'X') AddThreads(directory, pid, indent, &lines);
    // The last line is kept for the number of those left out.
    if (lines_.size() + lines.size() >= limits_.lines) {
      ++left_out_;
      return;
    }
    for (std::string& line : lines) lines_.push_back(std::move(line));
  }

  std::string CommandLine(const std::string& directory, const Stat& stat) const {
    std::string words = ReadSome(directory + "/cmdline");
    while (!words.empty() && words.back() == '\0') words.pop_back();
    std::replace(words.begin(), words.end(), '\0', ' ');
    // Of a zombie nothing but the name is left.
    if (words.empty()) words = "[" + stat.name + "]";
    return Printable(words, limits_.command_line);
  }

  static void AddThreads(const std::string& directory, pid_t pid, const std::string& indent,
                         std::vector<std::string>* lines) {
    const std::vector<pid_t> threads = NumbersIn(directory + "/task");
    for (std::size_t i = 0; i < threads.size(); ++i) {
      if (i == kMaxThreads) {
        lines->push_back(
            fmt::format("{}    ... and {} more threads", indent, threads.size() - kMaxThreads));
        return;
      }
      const std::string task = fmt::format("{}/task/{}", directory, threads[i]);
      Stat stat;
      if (!ReadStat(task, &stat)) continue;
      std::string what = Activity(task);
      if (threads.size() > 1) {
        what = fmt::format("{} '{}', {}{}{}", threads[i] == pid ? "main thread" : "thread",
                           Printable(stat.name, 16), StateName(stat.state),
                           what.empty() ? "" : ": ", what);
      }
      if (!what.empty()) lines->push_back(fmt::format("{}    {}", indent, what));
      const std::string stack = stat.state == 'R' ? std::string() : KernelStack(task);
      if (stack.find(" < ") != std::string::npos) {  // more than the wait channel
        lines->push_back(fmt::format("{}      {}", indent, stack));
      }
    }
  }

  static std::string Activity(const std::string& task) {
    const std::string call = SystemCall(task);
    const std::string channel = WaitChannel(task);
    std::string text;
    if (!call.empty()) text = "in " + call;
    if (!channel.empty()) text += (text.empty() ? "waits in " : ", waits in ") + channel;
    return text;
  }

  const SnapshotLimits limits_;
  const std::size_t depth_;  // of the cell's process ids
  std::map<pid_t, std::vector<pid_t>> children_;
  std::vector<std::string> lines_;
  std::size_t left_out_ = 0;
};

}  // namespace

std::string DescribeProcesses(pid_t init, const SnapshotLimits& limits) {
  return Snapshot(init, limits).Text();
}

}  // namespace testcell::supervisor
