// SHA-256 (FIPS 180-4), for telling whether two files are the same.
//
//   Sha256("abc")  // "ba7816bf...", as sha256sum(1) prints it
//
// Threads and forks: a function of its argument.
#ifndef TESTCELL_SRC_POSIX_SHA256_H_
#define TESTCELL_SRC_POSIX_SHA256_H_

#include <string>
#include <string_view>

namespace testcell::posix {

std::string Sha256(std::string_view text);

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_SHA256_H_
