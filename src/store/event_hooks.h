/*-------------------------------------------------------------------------
 *
 * event_hooks.h
 *	  What other libraries are told of events (oms_state.h, OmsEventHook).
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_EVENT_HOOKS_H
#define OMS_EVENT_HOOKS_H

#include "postgres.h"

#include "oms_state.h"
#include "store/events.h"

/* Is there one?  Else nothing is to be called. */
extern bool oms_has_event_hooks;

/* Subtransactions that a library's function has begun above this level and not ended are undone; were there any? */
extern bool oms_subtransactions_end(int level);

extern void oms_event_hook_add(OmsEventHook hook, void *arg);

/* Each event once, by every hook. */
extern void oms_event_hooks_call(const Event *events, int count, const Caller *caller);

#endif							/* OMS_EVENT_HOOKS_H */
