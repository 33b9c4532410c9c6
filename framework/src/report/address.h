// The address and port of a use, and which of them get in each other's way.
#ifndef TESTCELL_SRC_REPORT_ADDRESS_H_
#define TESTCELL_SRC_REPORT_ADDRESS_H_

#include <optional>
#include <string>

namespace testcell::report {

struct Address {
  // A wildcard of IPv6 takes IPv4's addresses, too (dual stack, ipv6(7)).
  enum class Kind { kV4, kV6, kAnyV4, kAnyV6 };
  Kind kind = Kind::kV4;
  std::string address;  // in its one spelling; IPv4 in IPv6 as IPv4
  int port = 0;
};

// "127.0.0.1:80", "[::1]:80", "[fe80::1%2]:80", "*:80"; nothing for what is
// none of these, and for port 0, which the kernel replaces.
std::optional<Address> ParseAddress(const std::string& name);

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_ADDRESS_H_
