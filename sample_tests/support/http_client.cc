#include "support/http_client.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

std::string HttpReply::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

HttpConnection::HttpConnection(std::uint16_t port) : tcp_(port) {}

HttpReply HttpConnection::Request(const std::string& method, const std::string& path,
                                  const std::string& headers) {
  tcp_.Send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  HttpReply reply;
  ReadHead(&reply);
  if (method == "HEAD" || reply.status == 204 || reply.status == 304) return reply;
  if (reply.Header("transfer-encoding") == "chunked") {
    reply.body = ReadChunks();
  } else if (const std::string length = reply.Header("content-length"); !length.empty()) {
    reply.body = tcp_.ReadExactly(std::stoul(length));
  } else {
    reply.body = tcp_.ReadToEnd();
  }
  return reply;
}

void HttpConnection::WaitUntilClosed() {
  if (const std::string rest = tcp_.ReadToEnd(); !rest.empty()) {
    throw std::runtime_error("the server sent more than its reply: \"" + rest + "\"");
  }
}

void HttpConnection::ReadHead(HttpReply* reply) {
  const std::string status_line = tcp_.ReadLine();
  if (status_line.compare(0, 9, "HTTP/1.1 ") != 0) {
    throw std::runtime_error("not a reply of HTTP/1.1: \"" + status_line + "\"");
  }
  reply->status = std::stoi(status_line.substr(9));
  for (std::string line = tcp_.ReadLine(); !line.empty(); line = tcp_.ReadLine()) {
    const std::size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    reply->headers[name] = value == std::string::npos ? "" : line.substr(value);
  }
}

std::string HttpConnection::ReadChunks() {
  std::string body;
  for (;;) {
    const std::size_t size = std::stoul(tcp_.ReadLine(), nullptr, 16);
    body += tcp_.ReadExactly(size);
    tcp_.ReadLine();
    if (size == 0) return body;
  }
}

HttpReply Fetch(const std::string& method, const std::string& path, const std::string& headers) {
  HttpConnection connection;
  HttpReply reply = connection.Request(method, path, headers + "Connection: close\r\n");
  connection.WaitUntilClosed();
  return reply;
}
