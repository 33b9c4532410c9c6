#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "report/address.h"
#include "report/claim.h"
#include "report/escape.h"

namespace testcell::report {
namespace {

// By the name that it is used under: several names may stand for a resource.
using Claims = std::map<std::string, std::vector<Claim>>;

struct Resource {
  UseKind kind;
  std::string key;
  bool operator<(const Resource& other) const {
    return std::tie(kind, key) < std::tie(other.kind, other.key);
  }
};

struct Found {
  Conflict conflict;
  std::vector<std::size_t> tests;
};

std::string NormalPath(const std::string& name) {
  std::string path = std::filesystem::path(name).lexically_normal();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// What two uses have in common that may collide, and this one's own name.
std::pair<Resource, std::string> Identify(const Use& use) {
  switch (use.kind) {
    case UseKind::kTcp:
    case UseKind::kUdp:
      if (const auto address = ParseAddress(use.name)) {
        return {{use.kind, fmt::format("{:05}", address->port)}, use.name};
      }
      break;
    case UseKind::kPath: {
      std::string path = NormalPath(use.name);
      return {{use.kind, path}, path};
    }
    case UseKind::kHostName:  // there is but one, whatever it is set to
      return {{use.kind, ""}, use.name};
    default:
      break;
  }
  return {{use.kind, use.name}, use.name};
}

std::map<Resource, Claims> Gather(const std::vector<Test>& tests, Processes processes) {
  std::map<Resource, Claims> resources;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    for (const Use& use : tests[i].uses) {
      auto [resource, name] = Identify(use);
      // What cells share every one of them sets up anew.
      const bool anew = use.shared || processes == Processes::kOneATest;
      const UsedBy by = anew ? UsedBy::kTest : use.by;
      resources[resource][name].push_back({i, by, use.only_read, use.shared});
    }
    for (const Leak& leak : tests[i].leaks) {
      if (!IsEscape(leak)) continue;
      const std::string* const named = FindDetail(leak, "path");
      const std::string path = NormalPath(named != nullptr ? *named : leak.what);
      resources[{UseKind::kPath, path}][path].push_back({i, UsedBy::kTest, false, true});
    }
  }
  return resources;
}

// The names of those claims that take part.
std::string Names(const Claims& claims, const std::vector<std::size_t>& tests) {
  std::string names;
  for (const auto& [name, list] : claims) {
    const bool takes_part = std::any_of(list.begin(), list.end(), [&](const Claim& claim) {
      return std::binary_search(tests.begin(), tests.end(), claim.test);
    });
    if (takes_part) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

// Claims that all get in each other's way.
void Judge(const std::vector<Test>& tests, UseKind kind, const Claims& claims,
           std::vector<Found>* found) {
  std::vector<Claim> all;
  for (const auto& [name, list] : claims) all.insert(all.end(), list.begin(), list.end());
  Found result;
  result.tests = Colliding(tests, all);
  if (result.tests.empty()) return;
  result.conflict.kind = kind;
  result.conflict.name = Names(claims, result.tests);
  for (const std::size_t test : result.tests) {
    result.conflict.tests.push_back(tests[test].FullName());
  }
  const SharedClaims shared = FindShared(tests, all);
  result.conflict.shared = shared.by_several;
  result.conflict.real = shared.at_once;
  found->push_back(std::move(result));
}

// A port's addresses: each one with the wildcards that take it, since two
// different ones don't collide; and the wildcards by themselves.
std::vector<Claims> DividePort(const Claims& claims) {
  Claims any;
  Claims any_v6;
  std::map<std::string, Claims> v4;
  std::map<std::string, Claims> v6;
  for (const auto& [name, list] : claims) {
    const Address address = *ParseAddress(name);
    switch (address.kind) {
      case Address::Kind::kV4:
        v4[address.address][name] = list;
        break;
      case Address::Kind::kV6:
        v6[address.address][name] = list;
        break;
      case Address::Kind::kAnyV6:
        any_v6[name] = list;
        [[fallthrough]];
      case Address::Kind::kAnyV4:
        any[name] = list;
        break;
    }
  }
  std::vector<Claims> groups;
  for (auto& [address, group] : v4) {
    group.insert(any.begin(), any.end());
    groups.push_back(std::move(group));
  }
  for (auto& [address, group] : v6) {
    group.insert(any_v6.begin(), any_v6.end());
    groups.push_back(std::move(group));
  }
  groups.push_back(std::move(any));
  return groups;
}

// Those whose tests are all in another one say nothing new.
void AddLargest(std::vector<Found> found, std::vector<Conflict>* conflicts) {
  std::stable_sort(found.begin(), found.end(), [](const Found& one, const Found& other) {
    return one.tests.size() > other.tests.size();
  });
  std::vector<const Found*> kept;
  for (Found& candidate : found) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Found* larger) {
      return std::includes(larger->tests.begin(), larger->tests.end(), candidate.tests.begin(),
                           candidate.tests.end());
    });
    if (known) continue;
    conflicts->push_back(std::move(candidate.conflict));
    kept.push_back(&candidate);
  }
}

}  // namespace

std::vector<Conflict> FindConflicts(const std::vector<Test>& tests, Processes processes) {
  std::vector<Conflict> conflicts;
  for (const auto& [resource, claims] : Gather(tests, processes)) {
    std::vector<Found> found;
    const bool port = resource.kind == UseKind::kTcp || resource.kind == UseKind::kUdp;
    if (port && ParseAddress(claims.begin()->first)) {
      for (const Claims& group : DividePort(claims)) Judge(tests, resource.kind, group, &found);
    } else {
      Judge(tests, resource.kind, claims, &found);
    }
    AddLargest(std::move(found), &conflicts);
  }
  std::stable_sort(
      conflicts.begin(), conflicts.end(),
      [](const Conflict& one, const Conflict& other) { return one.real && !other.real; });
  return conflicts;
}

}  // namespace testcell::report
