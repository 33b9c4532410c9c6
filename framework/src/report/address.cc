#include "report/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

namespace testcell::report {
namespace {

bool ParseV4(const std::string& text, Address* result) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return false;
  result->kind = address.s_addr == INADDR_ANY ? Address::Kind::kAnyV4 : Address::Kind::kV4;
  result->address = text;
  return true;
}

bool ParseV6(const std::string& text, Address* result) {
  const std::size_t percent = text.find('%');
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.substr(0, percent).c_str(), &address) != 1) return false;
  char spelled[INET6_ADDRSTRLEN];
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    ::inet_ntop(AF_INET, &address.s6_addr[12], spelled, sizeof spelled);
    return ParseV4(spelled, result);
  }
  ::inet_ntop(AF_INET6, &address, spelled, sizeof spelled);
  result->kind = IN6_IS_ADDR_UNSPECIFIED(&address) ? Address::Kind::kAnyV6 : Address::Kind::kV6;
  result->address = spelled;
  if (percent != std::string::npos) result->address += text.substr(percent);
  return true;
}

}  // namespace

std::optional<Address> ParseAddress(const std::string& name) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  Address result;
  const char* const end = name.data() + name.size();
  const auto number = std::from_chars(name.data() + colon + 1, end, result.port);
  constexpr int kLastPort = 65535;
  if (number.ec != std::errc() || number.ptr != end) return std::nullopt;
  if (result.port < 1 || result.port > kLastPort) return std::nullopt;

  std::string host = name.substr(0, colon);
  if (host == "*") host = "[::]";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    if (ParseV6(host.substr(1, host.size() - 2), &result)) return result;
  } else if (ParseV4(host, &result)) {
    return result;
  }
  return std::nullopt;
}

}  // namespace testcell::report
