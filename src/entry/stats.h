/*-------------------------------------------------------------------------
 *
 * stats.h
 *	  Counters of commands: oms.stat_commands.
 *
 * A call of an entry function begins and ends; in between each of its commands
 * does.  What a call does around its commands (locks of a batch, the rows that
 * are written at its end) is shared out among them.  A call that ends with an
 * error which is no refusal leaves only that its commands were called.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_STATS_H
#define OMS_STATS_H

#include "postgres.h"

#include "core/command.h"

/* When the library is loaded: memory for all sessions, if the server can still give some. */
extern void oms_stats_init(void);

/* Of one FIX message, which ends with the call; or of anything else. */
extern void oms_stats_begin_call(bool is_fix);

/* One of the FIX messages of a call comes; it is done, or refused (as the call, if that is about to raise). */
extern void oms_stats_begin_message(void);
extern void oms_stats_end_message(const Refusal *refusal);

/* A command comes; then its type is known (NULL: it cannot be); then it is done, with the events it makes, or refused. */
extern void oms_stats_begin(void);
extern void oms_stats_called(const CommandDef *def);
extern void oms_stats_end(Jsonb *result, int nevents, const Refusal *refusal);

/* All is written; or the call is about to raise, and a FIX message was refused for `refusal`. */
extern void oms_stats_end_call(const Refusal *refusal);

#endif							/* OMS_STATS_H */
