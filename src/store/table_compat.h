/*-------------------------------------------------------------------------
 *
 * table_compat.h
 *	  What differs in the executor between PostgreSQL 15 and 18.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TABLE_COMPAT_H
#define OMS_TABLE_COMPAT_H

#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "parser/parse_relation.h"
#include "utils/rel.h"

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

/* 17 has indexes keep something from row to row. */
#if PG_VERSION_NUM >= 170000
#define oms_index_insert_cleanup(index, info)	index_insert_cleanup((index), (info))
#else
#define oms_index_insert_cleanup(index, info)	((void) (index), (void) (info))
#endif

/* 18 can leave out a row that is stored already from the rivals (none is here), and has a second kind of generated columns. */
#if PG_VERSION_NUM >= 180000
#define oms_init_stored_generated(rri, estate, command)	ExecInitGenerated((rri), (estate), (command))
#define oms_check_index_constraints(rri, slot, estate, conflict, arbiters) \
	ExecCheckIndexConstraints((rri), (slot), (estate), (conflict), &(ItemPointerData){{0, 0}, InvalidOffsetNumber}, (arbiters))
#define oms_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan((heap), (index), (snapshot), NULL, (nkeys), 0)
#else
#define oms_init_stored_generated(rri, estate, command)	ExecInitStoredGenerated((rri), (estate), (command))
#define oms_check_index_constraints(rri, slot, estate, conflict, arbiters) \
	ExecCheckIndexConstraints((rri), (slot), (estate), (conflict), (arbiters))
#define oms_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan((heap), (index), (snapshot), (nkeys), 0)
#endif

/* 16 put permissions, and with them the updated columns, beside the range table; 18 counts what is not pruned. */
static inline Bitmapset **
oms_add_range_table_entry(EState *estate, Relation rel)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);

	rte->rtekind = RTE_RELATION;
	rte->relid = RelationGetRelid(rel);
	rte->relkind = rel->rd_rel->relkind;
	rte->rellockmode = RowExclusiveLock;
	estate->es_range_table = lappend(estate->es_range_table, rte);
#if PG_VERSION_NUM >= 160000
	{
		List	   *permissions = estate->es_rteperminfos;
		RTEPermissionInfo *info = addRTEPermissionInfo(&permissions, rte);

#if PG_VERSION_NUM >= 180000
		ExecInitRangeTable(estate, estate->es_range_table, permissions,
						   bms_add_range(NULL, 1, list_length(estate->es_range_table)));
#else
		ExecInitRangeTable(estate, estate->es_range_table, permissions);
#endif
		return &info->updatedCols;
	}
#else
	ExecInitRangeTable(estate, estate->es_range_table);
	return &rte->updatedCols;
#endif
}

/* 16 gave triggers more to report. */
#if PG_VERSION_NUM >= 160000
#define oms_init_epq(epq, estate)	EvalPlanQualInit((epq), (estate), NULL, NIL, -1, NIL)
#else
#define oms_init_epq(epq, estate)	EvalPlanQualInit((epq), (estate), NULL, NIL, -1)
#endif
#if PG_VERSION_NUM >= 180000
#define oms_before_update_triggers(estate, epq, rri, tid, slot) \
	ExecBRUpdateTriggers((estate), (epq), (rri), (tid), NULL, (slot), NULL, NULL, false)
#define oms_before_delete_triggers(estate, epq, rri, tid) \
	ExecBRDeleteTriggers((estate), (epq), (rri), (tid), NULL, NULL, NULL, NULL, false)
#elif PG_VERSION_NUM >= 160000
#define oms_before_update_triggers(estate, epq, rri, tid, slot) \
	ExecBRUpdateTriggers((estate), (epq), (rri), (tid), NULL, (slot), NULL, NULL)
#define oms_before_delete_triggers(estate, epq, rri, tid) \
	ExecBRDeleteTriggers((estate), (epq), (rri), (tid), NULL, NULL, NULL, NULL)
#else
#define oms_before_update_triggers(estate, epq, rri, tid, slot) \
	ExecBRUpdateTriggers((estate), (epq), (rri), (tid), NULL, (slot), NULL)
#define oms_before_delete_triggers(estate, epq, rri, tid) \
	ExecBRDeleteTriggers((estate), (epq), (rri), (tid), NULL, NULL)
#endif

#endif							/* OMS_TABLE_COMPAT_H */
