#include "support/redis_client.h"

#include <stdexcept>

std::string RedisClient::Receive() {
  const std::string line = tcp_.ReadLine();
  std::string rest = line.empty() ? "" : line.substr(1);
  switch (line.empty() ? '\0' : line[0]) {
    case '+':
    case ':':
      return rest;
    case '-':
      return "(error) " + rest;
    case '$': {
      if (rest == "-1") return "(nil)";
      std::string text = tcp_.ReadExactly(std::stoul(rest));
      tcp_.ReadExactly(2);  // the \r\n behind it
      return text;
    }
    case '*': {
      if (rest == "-1") return "(nil)";
      std::string items;
      const unsigned long count = std::stoul(rest);
      for (unsigned long i = 0; i < count; ++i) items += (i == 0 ? "" : ", ") + Receive();
      return "[" + items + "]";
    }
    default:
      throw std::runtime_error("not a reply of redis: \"" + line + "\"");
  }
}

void RedisClient::SendWords(std::initializer_list<std::string_view> words) {
  std::string command = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    command += "$" + std::to_string(word.size()) + "\r\n";
    command.append(word).append("\r\n");
  }
  tcp_.Send(command);
}
