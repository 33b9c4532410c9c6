#include "xml.h"

#include <algorithm>
#include <cstdlib>

#include "testcell/internal/xml_text.h"

namespace testcell::cli {
namespace {

constexpr int kMaxDepth = 32;  // a report's is 5

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

void AppendUtf8(unsigned long code, std::string* text) {
  const auto put = [&](unsigned long byte) { text->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x110000) {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

// What is no entity stays as it is.
std::string Decode(std::string_view text) {
  struct Entity {
    std::string_view name;
    char value;
  };
  static constexpr Entity kEntities[] = {
      {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    constexpr std::size_t kLongest = 12;  // "&#x0010FFFF;"
    const std::size_t semicolon = text[i] == '&' ? text.substr(i, kLongest).find(';') : 0;
    if (text[i] != '&' || semicolon == std::string_view::npos) {
      plain.push_back(text[i]);
      continue;
    }
    const std::size_t end = i + semicolon;
    const std::string_view name = text.substr(i + 1, end - i - 1);
    bool known = false;
    if (name.size() > 1 && name[0] == '#') {
      const bool hex = name[1] == 'x';
      const std::string digits(name.substr(hex ? 2 : 1));
      char* rest = nullptr;
      const unsigned long code = std::strtoul(digits.c_str(), &rest, hex ? 16 : 10);
      known = !digits.empty() && *rest == '\0';
      if (known) AppendUtf8(code, &plain);
    }
    for (const Entity& entity : kEntities) {
      if (entity.name != name) continue;
      plain.push_back(entity.value);
      known = true;
    }
    if (known) {
      i = end;
    } else {
      plain.push_back('&');
    }
  }
  return plain;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::string Parse(XmlElement* root) {
    SkipMisc();
    if (!Element(root, 0)) return Problem();
    SkipMisc();
    if (at_ != text_.size()) return Problem("something follows the root element");
    return std::string();
  }

 private:
  std::string Problem(const char* what = nullptr) {
    if (what != nullptr) problem_ = what;
    return "not XML at byte " + std::to_string(at_) + ": " + problem_;
  }
  bool Fail(const char* what) {
    problem_ = what;
    return false;
  }

  bool Starts(std::string_view what) const { return text_.compare(at_, what.size(), what) == 0; }
  bool Take(std::string_view what) {
    if (!Starts(what)) return false;
    at_ += what.size();
    return true;
  }
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  // Past `end`; to the end of the text where it is missing.
  std::string_view Until(std::string_view end) {
    const std::size_t found = std::min(text_.find(end, at_), text_.size());
    const std::string_view passed = text_.substr(at_, found - at_);
    at_ = std::min(found + end.size(), text_.size());
    return passed;
  }
  bool SkipOther() {
    if (Take("<?")) return Until("?>"), true;
    if (Take("<!--")) return Until("-->"), true;
    if (Take("<!DOCTYPE")) return Until(">"), true;
    return false;
  }
  void SkipMisc() {
    Take("\xEF\xBB\xBF");
    do SkipSpace();
    while (SkipOther());
  }

  static bool IsNameStart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           static_cast<unsigned char>(c) >= 0x80;
  }
  static bool IsNamePart(char c) {
    return IsNameStart(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
  }

  bool Name(std::string* name) {
    const std::size_t begin = at_;
    if (at_ < text_.size() && !IsNameStart(text_[at_])) return Fail("a name is missing");
    while (at_ < text_.size() && IsNamePart(text_[at_])) ++at_;
    *name = std::string(text_.substr(begin, at_ - begin));
    return at_ > begin || Fail("a name is missing");
  }

  bool Attributes(XmlElement* element) {
    for (;;) {
      SkipSpace();
      if (at_ == text_.size()) return Fail("a tag has no end");
      if (Starts("/>") || Starts(">")) return true;
      std::string name;
      if (!Name(&name)) return false;
      SkipSpace();
      if (!Take("=")) return Fail("an attribute has no value");
      SkipSpace();
      const char quote = at_ < text_.size() ? text_[at_] : '\0';
      if (quote != '"' && quote != '\'') return Fail("a value has no quotes");
      ++at_;
      const std::size_t end = text_.find(quote, at_);
      if (end == std::string_view::npos) return Fail("a value has no end");
      element->attributes.emplace_back(name, Decode(text_.substr(at_, end - at_)));
      at_ = end + 1;
    }
  }

  bool Element(XmlElement* element, int depth) {
    if (depth > kMaxDepth) return Fail("elements are nested too deep");
    if (!Take("<")) return Fail("an element is missing");
    if (!Name(&element->name) || !Attributes(element)) return false;
    if (Take("/>")) return true;
    Take(">");
    for (;;) {
      if (at_ == text_.size()) return Fail("an element has no end");
      if (Take("</")) break;
      if (Take("<![CDATA[")) {
        element->text += Until("]]>");
      } else if (Starts("<")) {
        if (SkipOther()) continue;
        element->children.emplace_back();
        if (!Element(&element->children.back(), depth + 1)) return false;
      } else {
        const std::size_t end = std::min(text_.find('<', at_), text_.size());
        const std::string_view characters = text_.substr(at_, end - at_);
        // Between elements there is layout.
        if (!IsBlank(characters)) element->text += Decode(characters);
        at_ = end;
      }
    }
    std::string name;
    if (!Name(&name)) return false;
    if (name != element->name) return Fail("an end tag has another's name");
    SkipSpace();
    return Take(">") || Fail("an end tag has no end");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

// Without what XML can't hold.
std::string Characters(std::string_view text) {
  std::string characters;
  for (const char c : text) {
    const bool kept = static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\r' || c == '\t';
    if (kept) characters += c;
  }
  return characters;
}

std::string Section(const std::string& characters) {
  constexpr std::string_view kEnd = "]]>";
  std::string section = "<![CDATA[";
  for (std::size_t begin = 0;;) {
    const std::size_t end = characters.find(kEnd, begin);
    section.append(characters, begin, end - begin);
    if (end == std::string::npos) return section + "]]>";
    section += "]]>]]&gt;<![CDATA[";
    begin = end + kEnd.size();
  }
}

void Write(const XmlElement& element, std::size_t depth, std::string* text) {
  text->append(2 * depth, ' ').append("<").append(element.name);
  for (const auto& [name, value] : element.attributes) {
    text->append(" ").append(name).append("=\"").append(internal::EscapeXml(value)).append("\"");
  }
  const std::string characters = Characters(element.text);
  const bool blank = IsBlank(characters);
  if (blank && element.children.empty()) {
    text->append(" />\n");
    return;
  }
  text->append(">");
  if (!blank) text->append(Section(characters));
  if (!element.children.empty()) {
    text->append("\n");
    for (const XmlElement& child : element.children) Write(child, depth + 1, text);
    text->append(2 * depth, ' ');
  }
  text->append("</").append(element.name).append(">\n");
}

}  // namespace

const std::string& XmlElement::Attribute(std::string_view key) const {
  static const std::string kNone;
  for (const auto& [name_, value] : attributes) {
    if (name_ == key) return value;
  }
  return kNone;
}

bool XmlElement::HasAttribute(std::string_view key) const {
  for (const auto& attribute : attributes) {
    if (attribute.first == key) return true;
  }
  return false;
}

void XmlElement::SetAttribute(std::string_view key, std::string value) {
  for (auto& [name_, old] : attributes) {
    if (name_ != key) continue;
    old = std::move(value);
    return;
  }
  attributes.emplace_back(key, std::move(value));
}

std::string ParseXml(std::string_view text, XmlElement* root) { return Parser(text).Parse(root); }

std::string WriteXml(const XmlElement& root) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  Write(root, 0, &text);
  return text;
}

}  // namespace testcell::cli
