/*-------------------------------------------------------------------------
 *
 * config_event.h
 *	  Each change of configuration is an event.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CONFIG_EVENT_H
#define OMS_CONFIG_EVENT_H

#include "postgres.h"

#include "commands/trigger.h"
#include "utils/jsonb.h"

#include "store/caller.h"
#include "store/catalog.h"

/* After a row of any table was changed: the event of it, where the table's changes are events. */
extern void oms_config_event_write(const TriggerData *trigger);

/*
 * Run a statement that changes configuration, by SPI (the caller has connected),
 * with the rights of the table's owner.  The events of what it changes have this
 * caller, and the command that it was done for, or NULL.  Returns what SPI does.
 */
extern int	oms_config_execute(OmsRelation table, const Caller *caller, Jsonb *command, const char *sql, int nargs, Oid *types, Datum *values,
							   const char *nulls);

#endif							/* OMS_CONFIG_EVENT_H */
