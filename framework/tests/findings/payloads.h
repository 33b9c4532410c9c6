// What the payloads of the findings test are made of: each does one thing that
// a probe is to find, or the same and cleans up behind itself.
//
//   PAYLOAD(fifo_left) { Must(mkfifo("/tmp/fifo", 0600)); }
//
// Threads and forks: payloads run in test processes, one each.
#ifndef TESTCELL_TESTS_FINDINGS_PAYLOADS_H_
#define TESTCELL_TESTS_FINDINGS_PAYLOADS_H_

#include <netinet/in.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <string>

namespace payloads {

using Run = void (*)();

// By their names, in the order of the alphabet.
std::map<std::string, Run>& All();

struct Registration {
  Registration(const char* name, Run run) { All()[name] = run; }
};

#define PAYLOAD(name)                                               \
  static void name();                                               \
  static const payloads::Registration register_##name{#name, name}; \
  static void name()

// Ends the process with a message on a negative result; else returns it.
int Check(const char* what, long result);
#define MUST(call) payloads::Check(#call, (call))

// A child that waits until it is killed. Closes what it has inherited first.
pid_t StartSleeper();
void Stop(pid_t child);
// A child that runs `act`, then waits until it is killed; returns once it has acted.
pid_t StartActor(const std::function<void()>& act);

void WriteFile(const std::string& path, const std::string& text);

sockaddr_in Ipv4(const char* address, int port);
sockaddr_in6 Ipv6(const char* address, int port);
int Bind(int fd, const sockaddr_in& address);
int Bind(int fd, const sockaddr_in6& address);
// "@name" is an abstract one.
int BindUnix(int fd, const std::string& name);
int Tcp(int family);
int Udp(int family);

}  // namespace payloads

#endif  // TESTCELL_TESTS_FINDINGS_PAYLOADS_H_
