// Work on several threads that are there only as long as it lasts.
//
// A library in somebody else's process keeps no threads of its own: nothing is left to stop when the last handle is freed, to
// be lost in a fork, or to run after dlclose. The host's signals never come to these threads.
#ifndef PLAT_THREADS_H
#define PLAT_THREADS_H
#ifdef __cplusplus
extern "C" {
#endif

/// Calls body(context, worker) for each worker below `count`, each on a thread of its own, 0 on the caller's; returns when
/// all are done. Where no thread is to be had, the caller does its work as well. About 20 µs for each thread but the first.
void plat_threads_perform(unsigned count, void (*body)(void *context, unsigned worker), void *context);

/// Three pointers of the calling thread, NULL until they are set: `place` is 0, 1 or 2.
void *plat_thread_get(unsigned place);
void plat_thread_set(unsigned place, void *pointer);

#ifdef __cplusplus
}
#endif
#endif
