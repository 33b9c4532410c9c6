// What a test process tells the supervisor, as typed messages in frames.
//
//   internal::Writer writer;
//   writer.Text(file).Number(line);
//   channel.Send(internal::MessageType::kPart, writer.bytes());
//
//   internal::Reader reader(message.payload);
//   std::string file = reader.Text();
//   if (!reader.ok()) ...                      // short or malformed
//
// Between the plugin and the framework of one version only: nothing here is
// for users. Threads and forks: plain data.
#ifndef TESTCELL_INTERNAL_MESSAGE_H_
#define TESTCELL_INTERNAL_MESSAGE_H_

#include <cstdint>
#include <cstring>
#include <string>

namespace testcell {
namespace internal {

enum class MessageType : std::uint16_t {
  kPhase = 1,        // number: Phase that begins
  kTestStart = 2,    // number: index of the test in the unit
  kPart = 3,         // an assertion's result; the plugin's own layout
  kTestEnd = 4,      // number: 1 if the test failed; then the plugin's own layout
  kSuiteEnd = 5,     // what the suite recorded; the plugin's own layout
  kDone = 6,         // last of a unit; what the program recorded
  kLeak = 7,         // kind, what, and pairs of detail until the end
  kUse = 8,          // kind, name, who used it, whether the name was made up
  kAllow = 9,        // a leak that is no defect: kind, pattern, reason
  kConnection = 10,  // kind, name of whom a process of the cell connects to
};

// Which set-up a message or a piece of output belongs to.
enum class Phase : std::uint32_t {
  kEnvironmentSetUp,
  kSuiteSetUp,
  kTest,
  kSuiteTearDown,
  kEnvironmentTearDown,
};

struct Message {
  MessageType type = MessageType::kPhase;
  // Not zero: the message stands where the output stream carries this mark.
  std::uint32_t mark = 0;
  std::string payload;
};

// Numbers are little-endian (both sides are one program), texts carry their
// length in bytes before them.
class Writer {
 public:
  Writer& Number(std::uint64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Writer& Text(const char* data, std::size_t size) {
    Number(size);
    bytes_.append(data, size);
    return *this;
  }
  Writer& Text(const std::string& text) { return Text(text.data(), text.size()); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Past the end every read gives zero or nothing, and ok() is false.
class Reader {
 public:
  explicit Reader(const std::string& bytes) : next_(bytes.data()), left_(bytes.size()) {}
  std::uint64_t Number() {
    std::uint64_t value = 0;
    if (Take(sizeof value)) std::memcpy(&value, next_ - sizeof value, sizeof value);
    return value;
  }
  std::string Text() {
    const std::uint64_t size = Number();
    if (!Take(size)) return std::string();
    return std::string(next_ - size, static_cast<std::size_t>(size));
  }
  bool ok() const { return ok_; }
  bool empty() const { return left_ == 0; }

 private:
  bool Take(std::uint64_t size) {
    if (!ok_ || size > left_) {
      ok_ = false;
      left_ = 0;
      return false;
    }
    next_ += size;
    left_ -= static_cast<std::size_t>(size);
    return true;
  }

  const char* next_;
  std::size_t left_;
  bool ok_ = true;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_MESSAGE_H_
