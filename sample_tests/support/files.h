// Whole files in one call, for tests.
#ifndef SAMPLE_TESTS_SUPPORT_FILES_H_
#define SAMPLE_TESTS_SUPPORT_FILES_H_

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

inline void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

#endif  // SAMPLE_TESTS_SUPPORT_FILES_H_
