// What makes the C library a good guest; it has nothing to call.
#ifndef PLAT_GUEST_H
#define PLAT_GUEST_H
#endif
