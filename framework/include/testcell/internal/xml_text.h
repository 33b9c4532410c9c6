// Text in the XML that GoogleTest and Testcell write.
//
//   out << "name=\"" << EscapeXml(name) << '"';
//
// Between the plugin and the framework of one version only: nothing here is
// for users. Threads and forks: keeps no state.
#ifndef TESTCELL_INTERNAL_XML_TEXT_H_
#define TESTCELL_INTERNAL_XML_TEXT_H_

#include <string>
#include <string_view>

namespace testcell {
namespace internal {

// As GoogleTest's XML escapes attributes; good for text, too. Left out is what XML
// can't hold: other control characters (XML 1.0, 2.2).
inline std::string EscapeXml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '\'':
        escaped += "&apos;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\n':
        escaped += "&#x0A;";
        break;
      case '\r':
        escaped += "&#x0D;";
        break;
      case '\t':
        escaped += "&#x09;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= ' ') escaped += c;
    }
  }
  return escaped;
}

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_XML_TEXT_H_
