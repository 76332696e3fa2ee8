// How much stack the caller has, and work on a stack of our own.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "include/plat_stack.h"
#include "include/plat_threads.h"
#include "thread_start.h"

/// The end of the main thread's stack, as the loader found it: its beginning follows from the limit.
extern void *__libc_stack_end __attribute__((weak));

/// The stack that the system gave this thread; asked for once. `end` is 0 until then, and where it is not known.
static _Thread_local struct { uintptr_t begin, end; bool is_known; } own;

static void find_own(void) {
  own.is_known = true;
  if (syscall(SYS_gettid) == getpid()) {
    struct rlimit limit;
    if (!&__libc_stack_end || getrlimit(RLIMIT_STACK, &limit) != 0) return;
    const uintptr_t most = 1 << 30, length = limit.rlim_cur < most ? (uintptr_t)limit.rlim_cur : most;
    own.end = (uintptr_t)__libc_stack_end;
    own.begin = own.end > length ? own.end - length : 0;
    return;
  }
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void *begin;
  size_t length;
  if (pthread_attr_getstack(&attributes, &begin, &length) == 0) {
    own.begin = (uintptr_t)begin;
    own.end = own.begin + length;
  }
  pthread_attr_destroy(&attributes);
}

size_t plat_stack_left(void) {
  if (!own.is_known) find_own();
  const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  return here > own.begin && here <= own.end ? here - own.begin : 0;
}

/// Work on another thread, for whose end `home` waits; and what is to be called at home meanwhile.
struct visit {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  void (*body)(void *context);
  void *context, *of_thread[2];
  void (*errand)(void *context);
  void *errand_context;
  bool is_done;
};

static _Thread_local struct visit *here;

static void *run(void *argument) {
  struct visit *visit = argument;
  for (unsigned place = 0; place < 2; place++) plat_thread_set(place, visit->of_thread[place]);
  here = visit;
  visit->body(visit->context);
  pthread_mutex_lock(&visit->lock);
  visit->is_done = true;
  pthread_cond_broadcast(&visit->changed);
  pthread_mutex_unlock(&visit->lock);
  return NULL;
}

static void wait_at_home(struct visit *visit) {
  pthread_mutex_lock(&visit->lock);
  while (!visit->is_done) {
    if (visit->errand) {
      pthread_mutex_unlock(&visit->lock);
      visit->errand(visit->errand_context);
      pthread_mutex_lock(&visit->lock);
      visit->errand = NULL;
      pthread_cond_broadcast(&visit->changed);
    } else {
      pthread_cond_wait(&visit->changed, &visit->lock);
    }
  }
  pthread_mutex_unlock(&visit->lock);
}

bool plat_stack_perform(void (*body)(void *context), void *context) {
  struct visit visit = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .body = body, .context = context,
    .of_thread = {plat_thread_get(0), plat_thread_get(1)}};
  pthread_t thread;
  int before;
  // Nothing of this may be left half-way: a host that cancels its threads does so behind the call.
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  const bool is_started = plat_thread_start(&thread, run, &visit);
  if (is_started) {
    wait_at_home(&visit);
    pthread_join(thread, NULL);
  }
  pthread_setcancelstate(before, NULL);
  return is_started;
}

void plat_stack_call_at_home(void (*function)(void *context), void *context) {
  struct visit *visit = here;
  if (!visit) {
    function(context);
    return;
  }
  pthread_mutex_lock(&visit->lock);
  visit->errand = function;
  visit->errand_context = context;
  pthread_cond_broadcast(&visit->changed);
  while (visit->errand) pthread_cond_wait(&visit->changed, &visit->lock);
  pthread_mutex_unlock(&visit->lock);
}
