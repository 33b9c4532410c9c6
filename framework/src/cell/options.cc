#include "testcell/options.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cell/carry_pattern.h"

namespace testcell {
namespace {

constexpr std::size_t kMaxHostName = 64;
constexpr std::uint64_t kMinTmpfsBytes = 64 << 10;

std::string CheckPath(const char* setting, const std::string& path) {
  if (!path.empty() && path[0] == '/') return {};
  return fmt::format("Options::{}: '{}' is not an absolute path", setting, path);
}

std::string CheckHostName(const std::string& name) {
  const bool good = !name.empty() && name.size() <= kMaxHostName &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '.';
                    });
  if (good) return {};
  return fmt::format(
      "Options::host_name: '{}' is no host name: 1 to {} letters, digits, '-' and '.'", name,
      kMaxHostName);
}

std::string CheckSize(const char* setting, std::uint64_t bytes) {
  if (bytes == 0 || bytes >= kMinTmpfsBytes) return {};
  return fmt::format("Options::{}: {} bytes is too small to hold a cell; give at least {}, or 0",
                     setting, bytes, kMinTmpfsBytes);
}

std::string CheckDirectories(const Options& options) {
  std::map<std::string, const char*> named;
  const std::pair<const char*, const std::vector<std::string>*> lists[] = {
      {"copy_on_write", &options.copy_on_write},
      {"read_only", &options.read_only},
      {"shared", &options.shared}};
  for (const auto& [setting, paths] : lists) {
    for (const std::string& path : *paths) {
      if (std::string error = CheckPath(setting, path); !error.empty()) return error;
      if (path.find_first_not_of('/') == path.npos) {
        return fmt::format("Options::{}: / can't be had as a whole; name directories below it",
                           setting);
      }
      const auto [other, is_new] = named.try_emplace(path, setting);
      if (!is_new && other->second != setting) {
        return fmt::format("Options::{}: '{}' is in {}, too", setting, path, other->second);
      }
    }
  }
  return {};
}

std::string CheckPaths(const Options& options) {
  for (const Bind& bind : options.binds) {
    std::string error = CheckPath("binds (source)", bind.source);
    if (error.empty() && !bind.target.empty()) error = CheckPath("binds (target)", bind.target);
    if (!error.empty()) return error;
  }
  if (std::string error = CheckDirectories(options); !error.empty()) return error;
  for (const std::string& pattern : options.carry) {
    if (const std::string error = cell::CarryPattern::Check(pattern); !error.empty()) {
      return fmt::format("Options::carry: the pattern '{}' {}", pattern, error);
    }
  }
  return {};
}

std::string CheckProcess(const Options& options) {
  for (const auto& [name, value] : options.environment) {
    if (name.empty() || name.find('=') != std::string::npos) {
      return fmt::format("Options::environment: '{}' is no name of a variable", name);
    }
  }
  for (const ResourceLimit& limit : options.limits) {
    if (limit.resource < 0 || limit.resource >= RLIM_NLIMITS) {
      return fmt::format("Options::limits: {} is no resource (see getrlimit(2))", limit.resource);
    }
    if (limit.soft > limit.hard) {
      return fmt::format("Options::limits: the soft limit {} is above the hard limit {}",
                         limit.soft, limit.hard);
    }
  }
  for (const Exclusive& exclusive : options.exclusive) {
    if (exclusive.resource.empty()) return "Options::exclusive: a resource needs a name";
    if (exclusive.at_once < 1) {
      return fmt::format("Options::exclusive: '{}' may be used by {} at once; give 1 or more",
                         exclusive.resource, exclusive.at_once);
    }
  }
  if (options.time_limit && options.time_limit->count() < 0) {
    return fmt::format("Options::time_limit: {} ms is negative", options.time_limit->count());
  }
  if (options.retries && *options.retries < 0) {
    return fmt::format("Options::retries: {} is negative", *options.retries);
  }
  return {};
}

std::string CheckAllowances(const Options& options) {
  for (const Allowance& allowance : options.allowed_leaks) {
    if (allowance.pattern.empty()) return "Options::allowed_leaks: a leak needs a pattern";
    if (allowance.reason.empty()) {
      return fmt::format("Options::allowed_leaks: '{}' is allowed without a reason",
                         allowance.pattern);
    }
  }
  return {};
}

}  // namespace

std::string Validate(const Options& options) {
  std::string error = CheckHostName(options.host_name);
  if (error.empty()) error = CheckSize("tmp_size_bytes", options.tmp_size_bytes);
  if (error.empty()) error = CheckSize("shm_size_bytes", options.shm_size_bytes);
  if (error.empty()) error = CheckPaths(options);
  if (error.empty()) error = CheckProcess(options);
  if (error.empty()) error = CheckAllowances(options);
  return error;
}

}  // namespace testcell
