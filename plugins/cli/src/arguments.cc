#include "arguments.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

namespace testcell::cli {

void Complain(const std::string& text) { std::fprintf(stderr, "testcell: %s\n", text.c_str()); }

namespace {

std::string Wrapped(const std::string& text) {
  constexpr std::size_t kWidth = 80;
  const std::string indent(6, ' ');
  std::string wrapped = indent;
  std::size_t column = indent.size();
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (column > indent.size() && column + 1 + word.size() > kWidth) {
      wrapped += "\n" + indent;
      column = indent.size();
    } else if (column > indent.size()) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += word.size();
  }
  return wrapped + "\n";
}

class Formatter : public CLI::Formatter {
 public:
  explicit Formatter(std::string usage) : usage_(std::move(usage)) {}
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: " + usage_ + "\n\n";
  }
  std::string make_description(const CLI::App* app) const override {
    return app->get_description() + "\n\n";
  }
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    return make_usage(app, std::move(name)) + make_description(app) + make_groups(app, mode);
  }
  std::string make_group(std::string group, bool,
                         std::vector<const CLI::Option*> options) const override {
    std::string text = group + ":\n";
    for (const CLI::Option* option : options) text += make_option(option, false);
    return text;
  }
  // The first name alone: --testcell_NAME is the same.
  std::string make_option(const CLI::Option* option, bool) const override {
    const std::string name = option->get_lnames().front();
    const std::string type = option->get_type_name();
    return "  --" + name + (type.empty() ? "" : "=" + type) + "\n" +
           Wrapped(option->get_description());
  }

 private:
  std::string usage_;
};

}  // namespace

void SetUsage(CLI::App* app, const std::string& usage) {
  app->formatter(std::make_shared<Formatter>(usage));
}

void AddFlag(CLI::App* app, const internal::Flag& flag,
             const std::function<void(const std::string&)>& take) {
  const std::string name = flag.name;
  app->add_option_function<std::string>(
         "--" + name + ",--testcell_" + name,
         [flag, name, take](const std::string& value) {
           const std::string error = internal::SetFlag({flag}, "--" + name, name, value);
           if (!error.empty()) throw CLI::ValidationError(error);
           take(value);
         },
         flag.help)
      ->type_name(flag.values)
      ->group("Cell");
}

void AddFlags(CLI::App* app, const internal::FlagTable& table) {
  for (const internal::Flag& flag : table) AddFlag(app, flag, [](const std::string&) {});
}

int Parse(CLI::App* app, const Words& words, Words* program) {
  app->prefix_command();
  app->set_help_flag("--help", "This text.")->group("Other");
  const auto end = std::find(words.begin(), words.end(), "--");
  // CLI11 takes the words from the last to the first.
  Words own(std::make_reverse_iterator(end), words.rend());
  try {
    app->parse(own);
  } catch (const CLI::CallForHelp&) {
    std::cout << app->help();
    return 0;
  } catch (const CLI::ParseError& error) {
    Complain(error.what());
    return kStatusRefused;
  }
  *program = app->remaining();
  if (!program->empty() && program->front().rfind('-', 0) == 0 && program->front() != "-") {
    Complain(program->front() + ": there is no such flag; --help lists them");
    return kStatusRefused;
  }
  // A "--" after the program's name is the program's.
  if (end != words.end()) {
    program->insert(program->end(), program->empty() ? end + 1 : end, words.end());
  }
  return -1;
}

}  // namespace testcell::cli
