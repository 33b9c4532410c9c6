// What the tests of habits share. Each of them passes in a plain run, where
// the host has what it needs, and must do the same in a cell.
#ifndef TESTCELL_GTEST_TESTS_HABITS_TOOLS_H_
#define TESTCELL_GTEST_TESTS_HABITS_TOOLS_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>
#include <string>

namespace habits {

// The status of a child that runs `body` and ends with what it returns.
int InChild(const std::function<int()>& body);
// The status of an executed program; 127 where there is none.
int Execute(const std::function<void()>& execute);
int Await(pid_t child);

std::string Read(const std::string& path);
bool Write(const std::string& path, const std::string& text);

// "EPERM (Operation not permitted)" of errno, for messages.
std::string Error();

}  // namespace habits

#endif  // TESTCELL_GTEST_TESTS_HABITS_TOOLS_H_
