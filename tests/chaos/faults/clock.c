// A wall clock that is wrong by as many seconds as a file says, loaded before the C library.
//
// libfaketime moves absolute sleeps, too, with which Python's time.sleep() fails.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *wrong;

__attribute__((constructor)) static void open_clock(void) {
  int file = open(getenv("CHAOS_CLOCK"), O_RDONLY | O_CLOEXEC);
  wrong = mmap(NULL, sizeof *wrong, PROT_READ, MAP_SHARED, file, 0);
  if (wrong == MAP_FAILED) abort();
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = (int)syscall(SYS_clock_gettime, clock, now);
  if (!failed && wrong && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += *wrong;
  return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  struct timespec found;
  clock_gettime(CLOCK_REALTIME, &found);
  *now = (struct timeval){found.tv_sec, found.tv_nsec / 1000};
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
