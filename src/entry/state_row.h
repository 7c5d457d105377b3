/*-------------------------------------------------------------------------
 *
 * state_row.h
 *	  Whether a stored state is one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_STATE_ROW_H
#define OMS_STATE_ROW_H

#include "postgres.h"

#include "base/record.h"

/*
 * What a state has of a record, ready for oms_record_from_fields(); or a sentence
 * about the first thing that keeps it from being one.
 */
extern char *oms_state_find(const RecordDef *def, Jsonb *state, RecordFields *fields);

#endif							/* OMS_STATE_ROW_H */
