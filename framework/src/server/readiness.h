// How a server is seen to be ready, and when to look.
//
// Threads and forks: for one thread at a time.
#ifndef TESTCELL_SRC_SERVER_READINESS_H_
#define TESTCELL_SRC_SERVER_READINESS_H_

#include <memory>
#include <string>

#include "server/output_file.h"
#include "testcell/server.h"

namespace testcell::server {

class Readiness {
 public:
  virtual ~Readiness() = default;

  // Before the start: what stands in its way; empty, if nothing does.
  virtual std::string Obstacle() { return ""; }
  // Does not block, but for Ready::When.
  virtual bool Reached() = 0;
  // What is waited for, as what has not happened: "no socket listens on ...".
  virtual std::string Missing() = 0;

  // Readable when it is worth to look again; -1: it never is.
  virtual int event_fd() const { return -1; }
  // Makes event_fd() unreadable until the next occasion.
  virtual void ConsumeEvent() {}
};

// Throws std::runtime_error if the options make no sense, std::system_error if
// a descriptor can't be had. Both arguments must outlive the result.
std::unique_ptr<Readiness> MakeReadiness(const ServerOptions& options, const OutputFile& output);

}  // namespace testcell::server

#endif  // TESTCELL_SRC_SERVER_READINESS_H_
