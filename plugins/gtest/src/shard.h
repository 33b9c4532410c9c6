// Shards: --testcell_shard=auto, an engine's variables as GoogleTest's protocol has
// them; and --testcell_balance, which divides tests by how long they take.
#ifndef TESTCELL_GTEST_SRC_SHARD_H_
#define TESTCELL_GTEST_SRC_SHARD_H_

#include <string>

#include "flags.h"

namespace testcell {
namespace internal {

// Before GoogleTest selects tests: sets GTEST_TOTAL_SHARDS and its like, and says
// whose shard this is. Empty, or why no test is to run.
std::string TakeShard(const Flags& flags);

// When GoogleTest has selected its own shard: the tests of one by their durations,
// instead, if that was asked for.
void DivideTests();

// In a test process: a GoogleTest program that the test starts is no part of the
// shard.
void GiveBackShard();

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_SHARD_H_
