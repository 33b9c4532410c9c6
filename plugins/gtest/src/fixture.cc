#ifndef TESTCELL_KEEP_GTEST_MACROS
#define TESTCELL_KEEP_GTEST_MACROS
#endif
#include "testcell/internal/fixture.h"

#include <unordered_map>

#include "private_access.h"

namespace testcell::internal {
namespace {

using Records = std::unordered_map<::testing::internal::TypeId, FixtureRecord>;

// Made on first use, since fixtures are recorded by static initialisers in any
// order; never destroyed, so that destructors of static objects may still ask.
Records& AllRecords() {
  static Records* const records = new Records;
  return *records;
}

}  // namespace

void AddFixture(::testing::internal::TypeId type, const FixtureRecord& record) {
  AllRecords().emplace(type, record);
}

const FixtureRecord* FindFixture(const ::testing::TestInfo& test) {
  const auto found = AllRecords().find(FixtureType(test));
  return found == AllRecords().end() ? nullptr : &found->second;
}

}  // namespace testcell::internal
