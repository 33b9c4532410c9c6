#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr*)&address, sizeof address) != 0) {
    perror("bind to port 80");
    return 1;
  }
  if (listen(server, 1) != 0 || open("/tmp/stranger-state", O_CREAT | O_EXCL, 0644) < 0) {
    perror("/tmp/stranger-state");
    return 1;
  }
  puts("claimed both");
  return 0;
}
