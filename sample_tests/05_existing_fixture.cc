// Lesson 5: cells for the suites that need them, and for no others.
//
// A large test binary is best moved one fixture at a time. Derive the fixture
// of the tests that collide from testcell::Test in place of testing::Test, and
// run the binary with --testcell_isolate=marked: these tests get a cell each,
// all others run in the process as before. The tests themselves stay as they
// are. A fixture that derives from it may ask for a cell of another kind.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "support/files.h"
#include "testcell/gtest.h"

namespace {

// The fixture that was there before. Its one change is the base class.
class Spool : public testcell::Test {  // was: testing::Test
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::create_directory(kDirectory)) << "another test's spool";
  }
  void TearDown() override { std::filesystem::remove_all(kDirectory); }

  static void Add(const std::string& name, const std::string& text) {
    WriteFile(kDirectory + ("/" + name), text);
  }
  static std::string Take(const std::string& name) {
    std::string text = ReadFile(kDirectory + ("/" + name));
    std::filesystem::remove(kDirectory + ("/" + name));
    return text;
  }

  static constexpr const char* kDirectory = "/tmp/spool";
};

TEST_F(Spool, StartsEmpty) { EXPECT_TRUE(std::filesystem::is_empty(kDirectory)); }

TEST_F(Spool, GivesBackWhatWasAdded) {
  Add("letter", "Dear Ada");
  EXPECT_EQ(Take("letter"), "Dear Ada");
}

TEST_F(Spool, ForgetsWhatWasTaken) {
  Add("letter", "Dear Ada");
  Take("letter");
  EXPECT_THROW(Take("letter"), std::runtime_error);
}

// The same fixture on a small disk: a test that no shared /tmp could have.
class SmallSpool : public Spool {
 protected:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.tmp_size_bytes = 1 << 20;
    return options;
  }
};

TEST_F(SmallSpool, SaysWhenTheDiskIsFull) {
  Add("small", std::string(1000, 'x'));
  EXPECT_THROW(Add("large", std::string(2 << 20, 'x')), std::runtime_error);
  EXPECT_EQ(Take("small").size(), 1000U);
}

// Not marked: it shares nothing with other tests, and needs no cell.
std::string Envelope(const std::string& name) { return "To: " + name; }

TEST(Envelope, NamesTheReceiver) { EXPECT_EQ(Envelope("Ada"), "To: Ada"); }

}  // namespace
