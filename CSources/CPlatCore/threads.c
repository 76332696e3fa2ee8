#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include "include/plat_stack.h"
#include "include/plat_threads.h"
#include "thread_start.h"

struct job {
  void (*body)(void *, unsigned);
  void *context;
  unsigned worker;
  int is_started;
  pthread_t thread;
};

static void *run(void *argument) {
  const struct job *job = argument;
  job->body(job->context, job->worker);
  return NULL;
}

bool plat_thread_start(pthread_t *thread, void *(*run)(void *), void *argument) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  // A new thread has the signal mask of the one that makes it.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const bool is_started =
    pthread_attr_setstacksize(&attributes, plat_stack_bytes) == 0 && pthread_create(thread, &attributes, run, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return is_started;
}

void plat_threads_perform(unsigned count, void (*body)(void *context, unsigned worker), void *context) {
  struct job few[16], *jobs = few;
  if (count > sizeof few / sizeof few[0]) jobs = malloc(count * sizeof *jobs);
  if (!jobs || count < 2) {
    for (unsigned worker = 0; worker < count; worker++) body(context, worker);
    return;
  }
  for (unsigned worker = 1; worker < count; worker++) {
    jobs[worker] = (struct job){.body = body, .context = context, .worker = worker};
    jobs[worker].is_started = plat_thread_start(&jobs[worker].thread, run, &jobs[worker]);
  }
  body(context, 0);
  for (unsigned worker = 1; worker < count; worker++) {
    if (jobs[worker].is_started) pthread_join(jobs[worker].thread, NULL);
    else body(context, worker);
  }
  if (jobs != few) free(jobs);
}

static _Thread_local void *of_thread[3];

void *plat_thread_get(unsigned place) { return place < 3 ? of_thread[place] : NULL; }

void plat_thread_set(unsigned place, void *pointer) {
  if (place < 3) of_thread[place] = pointer;
}
