// Not part of the interface.
#ifndef PLAT_THREAD_START_H
#define PLAT_THREAD_START_H
#include <pthread.h>
#include <stdbool.h>

/// Makes a thread with a stack of `plat_stack_bytes`, whatever stacks the host's threads have, to which no signals come. False: there
/// is none to be had.
bool plat_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
