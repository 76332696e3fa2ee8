// What makes the C library a good guest: it is there by being linked.
#ifndef PLAT_GUEST_H
#define PLAT_GUEST_H

/// 1 where the host's malloc has failed, and the library goes on with what it has in reserve: work is given up.
int plat_guest_is_short(void);

#endif
