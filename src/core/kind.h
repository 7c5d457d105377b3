/*-------------------------------------------------------------------------
 *
 * kind.h
 *	  What a kind of object is, as data.
 *
 * Identity map, rows, events, replay, as-of and verification loop over this
 * table and name no kind.  A new kind is a folder of the core, a row here, and a
 * file of its columns in sql/.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_KIND_H
#define OMS_KIND_H

#include "postgres.h"

#include "base/record.h"
#include "core/machine.h"
#include "core/object.h"

/* The first key of every kind's table; kind.c holds it against that.  The others are the kind's own. */
#define OBJECT_BY_ID	0

#define KIND_LINKS_MAX	2
#define KIND_MACHINES_MAX 2

/* Shown the id of a root that another is tied to. */
typedef void (*TieVisit) (const char *id, void *arg);

typedef struct KindDef
{
	ObjectKind	kind;
	const char *type;			/* "Order": aggregateType in events */
	const char *events;			/* name of its event table, in schema oms */
	const char *a_name;			/* "an order": its name in sentences, with its article */
	const char *id_field;		/* "orderId": its id in commands and in the state */
	const RecordDef *record;	/* its struct, columns and state; record->name is the kind's name in SQL */
	const Machine *machines[KIND_MACHINES_MAX];	/* its life; then what else of it is one; the rest NULL */

	ObjectKind	root_kind;		/* of the tree's root, where that is another object */
	bool		(*is_root) (const Object *object);

	/*
	 * Offsets of ids of objects of this kind that whoever reads the object reads
	 * too.  Where it is a root, those may be roots as well.
	 */
	size_t		links[KIND_LINKS_MAX];

	/*
	 * Other roots that one of this kind is tied to, each of the kind that is its
	 * root_kind, as far as the reach goes in one step: shown to `visit`.  NULL: none.
	 */
	void		(*ties) (const Object *root, Reach reach, TieVisit visit, void *arg);

	/* What it belongs to below the root, an object of some kind: the offset of its id; 0: nothing. */
	ObjectKind	parent_kind;
	size_t		parent;

	size_t		account;		/* offset of the account that it belongs to; 0: none */
	size_t		flags;			/* offset of its flags, a uint32; 0: none */

	/*
	 * A root of this kind is known by its id to callers who may give that to an
	 * object of another kind: it is claimed for all kinds also where we made it.
	 */
	bool		claims_made_id;

	/*
	 * What is reported of it is always a fact: its state takes no more than fits,
	 * and is not refused for its size.
	 */
	bool		is_fact;

	bool		in_result;		/* results list all objects of this kind that changed, under its table's name */

	bool		added;			/* another library has brought it */

	/* Make a state that a fact made too large one that fits; `before` may be NULL.  NULL: no fact makes one so. */
	void		(*shorten) (void *record, const Object *before);
} KindDef;

extern KindDef oms_kinds[KINDS_MAX];
extern int	oms_kind_count;		/* with those of other libraries */

/* A table of names: a row is a FIX session ('': of SQL callers), a name in it, and the id of the object. */
typedef struct NameDef
{
	ObjectKind	kind;			/* of the objects that have such names */
	const char *table;			/* in schema oms */
	const char *column;			/* of the name */
	const char *id_column;		/* … of the object */
	const char *field;			/* of the name in commands */
	const char *ever;			/* the field that asks queries for all that an object ever went by; or NULL */
	bool		shared;			/* one name may be that of several objects, and nobody is refused one */
} NameDef;

extern const NameDef oms_names[NAME_COUNT];

/* By its name ("order"), or NULL. */
extern const KindDef *oms_kind_by_name(const char *name);

static inline const KindDef *
oms_kind_of(const Object *object)
{
	return &oms_kinds[object->kind];
}

/* What sentences call one, where its id follows: "order". */
static inline const char *
oms_kind_noun(ObjectKind kind)
{
	return strchr(oms_kinds[kind].a_name, ' ') + 1;
}

/* Is the object the root of its own tree? */
extern bool oms_object_is_root(const Object *object);

/* The id of what it belongs to below the root, or NULL. */
extern const char *oms_object_parent_id(const Object *object);

/* The account that the object belongs to, or NULL. */
extern const char *oms_object_account(const Object *object);

extern const OmsName oms_flag_names[];

/* Each kind stands in its place and has what it needs, a sound machine too; an error where not.  Of ours when the library is loaded. */
extern void oms_kind_check(int place);
extern void oms_kinds_check(void);

#endif							/* OMS_KIND_H */
