#include "cell_arguments.h"

#include <sys/resource.h>

#include <charconv>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

namespace testcell::cli {
namespace {

[[noreturn]] void Refuse(const char* option, const std::string& value, const std::string& form) {
  throw CLI::ValidationError(std::string(option) + ": '" + value + "' is no value for it; " + form);
}

std::string Absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

// "64M": a count with a suffix of 1024s.
bool ParseSize(const std::string& text, std::uint64_t* value) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *value);
  if (error != std::errc() || end - rest > 1) return false;
  if (rest == end) return true;
  const std::size_t power = std::string("KMGT").find(static_cast<char>(*rest & ~0x20));
  if (power == std::string::npos) return false;
  const unsigned shift = 10 * (static_cast<unsigned>(power) + 1);
  if (*value > UINT64_MAX >> shift) return false;
  *value <<= shift;
  return true;
}

// SOURCE[:TARGET][:ro]
Bind ParseBind(const std::string& text) {
  const char* const form = "it takes SOURCE[:TARGET][:ro]";
  Bind bind;
  std::string rest = text;
  if (rest.size() > 3 && rest.compare(rest.size() - 3, 3, ":ro") == 0) {
    bind.read_only = true;
    rest.resize(rest.size() - 3);
  }
  const std::size_t colon = rest.find(':');
  bind.source = rest.substr(0, colon);
  if (colon != std::string::npos) bind.target = rest.substr(colon + 1);
  if (bind.source.empty() || bind.target.find(':') != std::string::npos ||
      (colon != std::string::npos && bind.target.empty())) {
    Refuse("--bind", text, form);
  }
  bind.source = Absolute(bind.source);
  if (!bind.target.empty()) bind.target = Absolute(bind.target);
  return bind;
}

struct Resource {
  const char* name;
  int number;
};

// As ulimit(1) and limits.conf(5) call them.
constexpr Resource kResources[] = {{"as", RLIMIT_AS},           {"core", RLIMIT_CORE},
                                   {"cpu", RLIMIT_CPU},         {"data", RLIMIT_DATA},
                                   {"fsize", RLIMIT_FSIZE},     {"locks", RLIMIT_LOCKS},
                                   {"memlock", RLIMIT_MEMLOCK}, {"msgqueue", RLIMIT_MSGQUEUE},
                                   {"nice", RLIMIT_NICE},       {"nofile", RLIMIT_NOFILE},
                                   {"nproc", RLIMIT_NPROC},     {"rtprio", RLIMIT_RTPRIO},
                                   {"rttime", RLIMIT_RTTIME},   {"sigpending", RLIMIT_SIGPENDING},
                                   {"stack", RLIMIT_STACK}};

bool ParseLimitValue(const std::string& text, std::uint64_t* value) {
  if (text != "unlimited") return ParseSize(text, value);
  *value = RLIM_INFINITY;
  return true;
}

// NAME=SOFT[:HARD]
ResourceLimit ParseLimit(const std::string& text) {
  std::string names;
  const std::size_t equals = text.find('=');
  for (const Resource& resource : kResources) {
    names += std::string(names.empty() ? "" : ", ") + resource.name;
    if (text.substr(0, equals) != resource.name || equals == std::string::npos) continue;
    const std::size_t colon = text.find(':', equals);
    ResourceLimit limit{resource.number, 0, 0};
    const std::string soft = text.substr(equals + 1, colon - equals - 1);
    const std::string hard = colon == std::string::npos ? soft : text.substr(colon + 1);
    if (ParseLimitValue(soft, &limit.soft) && ParseLimitValue(hard, &limit.hard)) return limit;
  }
  Refuse("--limit", text,
         "it takes NAME=SOFT[:HARD], counts (with K, M, G) or 'unlimited', of " + names);
}

template <typename Add>
void Repeated(CLI::App* app, const char* names, const char* values, const char* help, Add add) {
  app->add_option_function<std::vector<std::string>>(
         names,
         [add](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) add(text);
         },
         help)
      ->type_name(values)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("What the cell is made of");
}

void Size(CLI::App* app, const char* name, const char* help, std::uint64_t* value) {
  app->add_option_function<std::string>(
         name,
         [name, value](const std::string& text) {
           if (!ParseSize(text, value)) Refuse(name, text, "it takes bytes, or as in 64M, 2G");
         },
         help)
      ->type_name("SIZE")
      ->group("What the cell is made of");
}

}  // namespace

void AddCellArguments(CLI::App* app, Options* options) {
  Repeated(app, "--bind", "SOURCE[:TARGET][:ro]",
           "Show a path of the host in the cell. Repeatable.",
           [options](const std::string& text) { options->binds.push_back(ParseBind(text)); });
  Repeated(app, "--read-only", "PATH", "Make a path, with all below it, read-only. Repeatable.",
           [options](const std::string& text) { options->read_only.push_back(Absolute(text)); });
  Repeated(
      app, "--copy-on-write", "DIRECTORY",
      "Let the command write to a directory without changing the host's. Repeatable.",
      [options](const std::string& text) { options->copy_on_write.push_back(Absolute(text)); });
  Repeated(app, "--shared", "PATH",
           "Leave a path the host's, below what is private, copy-on-write or read-only.\n"
           "Repeatable.",
           [options](const std::string& text) { options->shared.push_back(Absolute(text)); });
  Repeated(app, "--env", "NAME=VALUE", "Set a variable; NAME alone unsets it. Repeatable.",
           [options](const std::string& text) {
             const std::size_t equals = text.find('=');
             if (equals == std::string::npos) {
               options->environment.emplace_back(text, std::nullopt);
             } else {
               options->environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
             }
           });
  Repeated(app, "--limit", "NAME=SOFT[:HARD]",
           "A resource limit, as nofile=64, as=2G, core=unlimited. Repeatable.",
           [options](const std::string& text) { options->limits.push_back(ParseLimit(text)); });
  Size(app, "--tmp-size", "The size of /tmp, /var/tmp and all copies together.",
       &options->tmp_size_bytes);
  Size(app, "--shm-size", "The size of /dev/shm.", &options->shm_size_bytes);
  app->add_option("--host-name", options->host_name, "The cell's host name. [cell]")
      ->type_name("NAME")
      ->group("What the cell is made of");
}

}  // namespace testcell::cli
