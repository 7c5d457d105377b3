/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between PostgreSQL 15 and 18, in one place.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMPAT_H
#define OMS_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "oms_state supports PostgreSQL 15 to 18"
#endif

#include "access/tableam.h"
#include "executor/executor.h"

/* 16 taught updates to say which indexes they need: summarizing ones only, or all. */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes OmsUpdateIndexes;
#define OMS_UPDATES_NO_INDEX(u)			((u) == TU_None)
#define OMS_ONLY_SUMMARIZING(u)			((u) == TU_Summarizing)
#define oms_insert_index_tuples(rri, slot, estate, update, nodup, conflict, arbiters, summ) \
	ExecInsertIndexTuples((rri), (slot), (estate), (update), (nodup), (conflict), (arbiters), (summ))
#else
typedef bool OmsUpdateIndexes;
#define OMS_UPDATES_NO_INDEX(u)			(!(u))
#define OMS_ONLY_SUMMARIZING(u)			false
#define oms_insert_index_tuples(rri, slot, estate, update, nodup, conflict, arbiters, summ) \
	ExecInsertIndexTuples((rri), (slot), (estate), (update), (nodup), (conflict), (arbiters))
#endif

/* 18 passes the tuple id of the row being checked as a further argument. */
#if PG_VERSION_NUM >= 180000
#define oms_check_index_constraints(rri, slot, estate, conflict, arbiters) \
	ExecCheckIndexConstraints((rri), (slot), (estate), (conflict), &(slot)->tts_tid, (arbiters))
#define oms_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan((heap), (index), (snapshot), NULL, (nkeys), 0)
#else
#define oms_check_index_constraints(rri, slot, estate, conflict, arbiters) \
	ExecCheckIndexConstraints((rri), (slot), (estate), (conflict), (arbiters))
#define oms_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan((heap), (index), (snapshot), (nkeys), 0)
#endif

#endif							/* OMS_COMPAT_H */
