// The stack of whoever calls: a host's thread may have little of it, or one that it made itself.
#ifndef PLAT_STACK_H
#define PLAT_STACK_H
#include <stdbool.h>
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif

/// The stack of threads that are made here. Only what is used of it is ever there.
enum { plat_stack_bytes = 8 << 20 };

/// Bytes of stack that the calling thread has left. 0 where it is not on the stack that the system knows of, like a host's
/// coroutine. A few nanoseconds, but for a thread's first time.
size_t plat_stack_left(void);

/// Calls body(context) on a thread of its own with `plat_stack_bytes` of stack, and returns when that is done. The host's signals do
/// not come to it, and it has the first two pointers of the calling thread (see plat_thread_get). False where no thread is to be had:
/// nothing was called. About 30 µs.
bool plat_stack_perform(void (*body)(void *context), void *context);

/// Within that body: calls `function` on the thread that waits for it, and returns when that is done. Elsewhere a mere call.
void plat_stack_call_at_home(void (*function)(void *context), void *context);

#ifdef __cplusplus
}
#endif
#endif
