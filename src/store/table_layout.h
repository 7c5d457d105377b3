/*-------------------------------------------------------------------------
 *
 * table_layout.h
 *	  Which column of a relation is which of ours, and which index finds what.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TABLE_LAYOUT_H
#define OMS_TABLE_LAYOUT_H

#include "postgres.h"
#include "access/attnum.h"
#include "access/tupdesc.h"
#include "utils/relcache.h"

#include "base/table_def.h"

typedef struct KeyLayout
{
	bool		known;
	Oid			index;			/* that serves look-ups, or InvalidOid */
	int			ncolumns;
	AttrNumber	attnums[KEY_COLUMNS_MAX];
	AttrNumber	moment;			/* of TableKey.moment; 0: none */
} KeyLayout;

#define INDEXES_PARTIAL_MAX 8

/* What holds of a row: a bit for each fact of the TableDef, or: */
#define FACTS_UNKNOWN (-1)

/* Of one relation, kept for the life of the backend and made anew when the relation changed. */
typedef struct TableLayout
{
	Oid			relid;
	bool		valid;
	bool		all_ours;		/* no column of a user, none dropped */
	bool		in_order;		/* … and ours in the order of the TableDef */
	AttrNumber	attnums[TABLE_COLUMNS_MAX]; /* of our columns */
	KeyLayout	keys[TABLE_KEYS_MAX];
	int			nfacts;
	int			facts[TABLE_FACTS_MAX]; /* the columns of the TableDef's facts, by their places there */
	int			npartial;
	Oid			partial[INDEXES_PARTIAL_MAX];	/* indexes of some rows */

	/* By what holds of a row, once it was asked: which of those have it, and which have it not; a bit for each. */
	uint32		weighed;
	uint8		has[1 << TABLE_FACTS_MAX];
	uint8		lacks[1 << TABLE_FACTS_MAX];
} TableLayout;

typedef enum IndexVerdict
{
	INDEX_ASKS,					/* its predicate, if it has one, has to be asked */
	INDEX_HAS_ROW,
	INDEX_LACKS_ROW
} IndexVerdict;

extern void oms_layout_init(void);

/* The layout of an open, locked relation; 55000 where a column of ours is missing or changed. */
extern TableLayout *oms_layout_of(Relation rel, const TableDef *def);

/* The attribute numbers of our columns in a row type; 55000 as above. */
extern void oms_layout_columns(TupleDesc desc, const TableDef *def, AttrNumber *attnums);

/*
 * The columns of a key of the definition, and the index that look-ups take: valid, a btree without
 * predicate or expressions; for a unique key unique and on exactly its columns,
 * for another one beginning with them.  55000 where a unique key has none.
 */
extern const KeyLayout *oms_layout_key(TableLayout *layout, Relation rel, const TableDef *def, int key);

/* What holds of a row, by its values for the columns of the definition. */
extern int	oms_layout_facts(const TableLayout *layout, const TableDef *def, const Datum *values, const bool *nulls);

/*
 * Find out what that says of the indexes.  Once it was, what it says of one, and
 * whether what is open by facts will do for a row of others.
 */
extern void oms_layout_weigh(TableLayout *layout, Relation rel, const TableDef *def, int facts);
extern IndexVerdict oms_layout_verdict(const TableLayout *layout, Oid index, int facts);
extern bool oms_layout_agree(const TableLayout *layout, int open_for, int facts);

/* Does this open index keep the key unique at once, valid or not? */
extern bool oms_layout_is_arbiter(Relation index, const KeyLayout *key);

#endif							/* OMS_TABLE_LAYOUT_H */
