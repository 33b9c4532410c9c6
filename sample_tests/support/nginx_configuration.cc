#include "support/nginx_configuration.h"

#include <unistd.h>

#include <filesystem>

#include "support/files.h"

namespace {

// daemon off: the program that a test starts is the one that serves, and dies
// with it.
constexpr char kTemplate[] = R"(@USER@
daemon off;
pid @DIRECTORY@/pid;
error_log stderr notice;
events {}
http {
  access_log @DIRECTORY@/access.log;
  client_body_temp_path @DIRECTORY@/body;
  proxy_temp_path @DIRECTORY@/proxy;
  fastcgi_temp_path @DIRECTORY@/fastcgi;
  uwsgi_temp_path @DIRECTORY@/uwsgi;
  scgi_temp_path @DIRECTORY@/scgi;
  default_type text/html;
  server {
    root @DIRECTORY@;
    listen @PORT@;
    @RULES@
  }
}
)";

void Replace(const std::string& name, const std::string& value, std::string* text) {
  for (std::size_t at = text->find(name); at != std::string::npos;
       at = text->find(name, at + value.size())) {
    text->replace(at, name.size(), value);
  }
}

}  // namespace

void ConfigureNginx(const std::string& directory, std::uint16_t port, const std::string& rules) {
  std::string text = kTemplate;
  // Root's nginx would hand its work to another user, and in a user namespace
  // there may be none.
  Replace("@USER@", geteuid() == 0 ? "user root;" : "", &text);
  Replace("@DIRECTORY@", directory, &text);
  Replace("@PORT@", std::to_string(port), &text);
  Replace("@RULES@", rules, &text);
  std::filesystem::create_directories(directory);
  WriteFile(directory + "/nginx.conf", text);
}
