/*
 * common/signals.h
 *     TERM and INT: stop; HUP: read the configuration again. The handlers only set flags and wake a descriptor.
 *
 * Waits look at signals_stop(). Some calls of libraries cannot be cut off (a connection to a host that is gone, a client
 * that waits for its threads), so a guard ends the program when a stop has lasted too long. That is as safe as kill -9.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "base.h"

#define IDLE_STOP_MS 3000

extern void signals_start(void);
/*
 * A stop then takes at most so long; with nothing on its way IDLE_STOP_MS. What that means for the log when the guard leaves: with nothing
 * on its way, and with something.
 */
extern bool signals_guard(int64_t bound_ms, const char *nothing_lost, const char *comes_again);
/* The bound is another, after a reload. */
extern void signals_bound(int64_t ms);
extern void signals_guard_end(void);
/* Feeds systemd's watchdog, once a second at most: for whoever waits for somebody else, and is alive. */
extern void signals_alive(void);
/*
 * A call of a library that takes as long as it takes (all addresses of all hosts): the watchdog is fed for it. Until it is said to be over.
 */
extern void signals_in_library(bool inside);
/* What the guard would leave, as static text; idle: nothing is on its way. The working thread says so. */
extern void signals_doing(const char *what, bool idle);
extern bool signals_stop(void);
/* True when asked to stop at least so long ago: what is still waiting then gives up. */
extern bool signals_stop_since(int64_t ms);
extern bool signals_take_reload(void);
/* Readable when one of them came; signals_drain() empties it. */
extern int	signals_fd(void);
extern void signals_drain(void);

#endif
