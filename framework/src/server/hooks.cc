#include "testcell/internal/hooks.h"

#include <atomic>

namespace testcell::internal {

namespace {

std::atomic<bool (*)()> test_failed_query{nullptr};

}  // namespace

void SetTestFailedQuery(bool (*query)()) { test_failed_query = query; }

bool TestHasFailed() {
  bool (*query)() = test_failed_query;
  return query != nullptr && query();
}

}  // namespace testcell::internal
