// As much of XML as test reports use: elements, attributes, text, CDATA.
#ifndef TESTCELL_CLI_SRC_XML_H_
#define TESTCELL_CLI_SRC_XML_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testcell::cli {

struct XmlElement {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;
  std::string text;  // all of its own, CDATA included

  // Empty where there is none.
  const std::string& Attribute(std::string_view key) const;
  bool HasAttribute(std::string_view key) const;
  void SetAttribute(std::string_view key, std::string value);
};

// Empty, or why the text is no XML, with the byte where it is not.
std::string ParseXml(std::string_view text, XmlElement* root);

// A whole document, laid out as GoogleTest does. Characters that XML can't hold
// are left out, as GoogleTest does, too.
std::string WriteXml(const XmlElement& root);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_XML_H_
