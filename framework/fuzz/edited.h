// A good text with a fuzzer's changes: what no fuzzer would come to by itself.
#ifndef TESTCELL_FUZZ_EDITED_H_
#define TESTCELL_FUZZ_EDITED_H_

#include <algorithm>
#include <cstddef>
#include <string>

#include "input.h"

namespace testcell::fuzz {

// All of the input, if its first byte says so; else the text, in which places are
// replaced: where, how much, and by what.
inline std::string Edited(std::string text, Input* input) {
  if (input->Byte() % 4 == 0) return input->Rest();
  while (!input->empty() && !text.empty()) {
    const std::size_t at = (std::size_t{input->Byte()} * 256 + input->Byte()) % text.size();
    const std::size_t length = std::min<std::size_t>(input->Byte() % 64, text.size() - at);
    text.replace(at, length, input->Text(32));
  }
  return text;
}

}  // namespace testcell::fuzz

#endif  // TESTCELL_FUZZ_EDITED_H_
