// The whole plugin as one source, so that a consumer's build compiles
// GoogleTest's headers for it once.
#define TESTCELL_KEEP_GTEST_MACROS

#include "environment.cc"      // NOLINT(bugprone-suspicious-include)
#include "exit_tools.cc"       // NOLINT(bugprone-suspicious-include)
#include "failed_runs.cc"      // NOLINT(bugprone-suspicious-include)
#include "findings.cc"         // NOLINT(bugprone-suspicious-include)
#include "fixture.cc"          // NOLINT(bugprone-suspicious-include)
#include "flags.cc"            // NOLINT(bugprone-suspicious-include)
#include "plugin.cc"           // NOLINT(bugprone-suspicious-include)
#include "plugin_failures.cc"  // NOLINT(bugprone-suspicious-include)
#include "plugin_replay.cc"    // NOLINT(bugprone-suspicious-include)
#include "plugin_select.cc"    // NOLINT(bugprone-suspicious-include)
#include "preconditions.cc"    // NOLINT(bugprone-suspicious-include)
#include "proxy.cc"            // NOLINT(bugprone-suspicious-include)
#include "run_hook.cc"         // NOLINT(bugprone-suspicious-include)
#include "shard.cc"            // NOLINT(bugprone-suspicious-include)
#include "streamer.cc"         // NOLINT(bugprone-suspicious-include)
#include "tool_report.cc"      // NOLINT(bugprone-suspicious-include)
#include "unit_judge.cc"       // NOLINT(bugprone-suspicious-include)
#include "unit_replay.cc"      // NOLINT(bugprone-suspicious-include)
