// The configuration of an nginx that writes nowhere but below one directory,
// and so runs for root and for an ordinary user, in a cell and outside.
#ifndef SAMPLE_TESTS_SUPPORT_NGINX_CONFIGURATION_H_
#define SAMPLE_TESTS_SUPPORT_NGINX_CONFIGURATION_H_

#include <cstdint>
#include <string>

// Writes DIRECTORY/nginx.conf, and makes DIRECTORY if need be. The server is to
// give out the files there on PORT; RULES are added to its block.
void ConfigureNginx(const std::string& directory, std::uint16_t port, const std::string& rules);

#endif  // SAMPLE_TESTS_SUPPORT_NGINX_CONFIGURATION_H_
