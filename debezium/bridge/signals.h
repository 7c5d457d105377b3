/*
 * debezium/bridge/signals.h
 *     TERM and INT: stop; HUP: read the configuration again. The handlers only set flags and wake a descriptor.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "bridge.h"

extern void signals_start(void);
extern bool signals_stop(void);
/* True when asked to stop at least so long ago: what is still waiting then gives up. */
extern bool signals_stop_since(int64_t ms);
extern bool signals_take_reload(void);
/* Readable when one of them came; signals_drain() empties it. */
extern int	signals_fd(void);
extern void signals_drain(void);

#endif
