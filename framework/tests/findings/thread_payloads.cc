#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <future>
#include <thread>

#include "payloads.h"

namespace {

using namespace payloads;

PAYLOAD(thread_left) {
  std::thread([] {
    for (;;) ::pause();
  }).detach();
}
PAYLOAD(thread_named_left) {
  std::thread thread([] {
    for (;;) ::pause();
  });
  ::pthread_setname_np(thread.native_handle(), "poller");
  thread.detach();
}
PAYLOAD(thread_busy_left) {
  static std::atomic<bool> stop;
  std::thread([] {
    while (!stop) {
    }
  }).detach();
}
PAYLOAD(thread_clean) {
  for (int i = 0; i < 20; ++i) std::thread([] {}).join();
}
// They have done all that they are for, and are about to end.
PAYLOAD(thread_ending_clean) {
  for (int i = 0; i < 8; ++i) {
    std::promise<void> done;
    std::future<void> is_done = done.get_future();
    std::thread([done = std::move(done)]() mutable { done.set_value_at_thread_exit(); }).detach();
    is_done.wait();
  }
}

// One of the program's, whatever it has in common with those of libc.
PAYLOAD(thread_blocking_all_left) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([] {
    timespec end;
    ::clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 1000;
    ::pthread_mutex_lock(&mutex);
    while (::pthread_cond_timedwait(&condition, &mutex, &end) == 0) {
    }
  }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

sigevent ByThread(void (*notify)(sigval)) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = notify;
  return event;
}

timer_t StartTimer() {
  static std::atomic<int> fired;
  sigevent event = ByThread([](sigval) { ++fired; });
  timer_t timer;
  MUST(::timer_create(CLOCK_MONOTONIC, &event, &timer));
  const itimerspec soon{{0, 0}, {0, 1'000'000}};
  MUST(::timer_settime(timer, 0, &soon, nullptr));
  while (fired == 0) std::this_thread::yield();
  return timer;
}
PAYLOAD(thread_of_timer_left) { StartTimer(); }
PAYLOAD(thread_of_timer_clean) { MUST(::timer_delete(StartTimer())); }

PAYLOAD(thread_of_aio_clean) {
  char text[16];
  aiocb request{};
  request.aio_fildes = MUST(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  request.aio_buf = text;
  request.aio_nbytes = sizeof text;
  MUST(::aio_read(&request));
  const aiocb* const requests[] = {&request};
  while (::aio_error(&request) == EINPROGRESS) ::aio_suspend(requests, 1, nullptr);
  MUST(::aio_return(&request));
  ::close(request.aio_fildes);
}

PAYLOAD(thread_of_getaddrinfo_clean) {
  gaicb request{};
  request.ar_name = "localhost";
  gaicb* requests[] = {&request};
  ::getaddrinfo_a(GAI_WAIT, requests, 1, nullptr);
  if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
}

PAYLOAD(thread_of_mq_clean) {
  const mqd_t queue = MUST(::mq_open("/zoo", O_CREAT | O_RDWR | O_CLOEXEC, 0600, nullptr));
  const sigevent event = ByThread([](sigval) {});
  MUST(::mq_notify(queue, &event));
  MUST(::mq_close(queue));
  MUST(::mq_unlink("/zoo"));
}

}  // namespace
