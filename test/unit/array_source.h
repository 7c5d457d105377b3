/*-------------------------------------------------------------------------
 * test/unit/array_source.h
 *	  The core alone: an ObjectSource over objects in memory.
 *
 * What decisions read is here and nowhere else: no table, no catalog, no clock
 * is asked (scripts/check_style.sh holds the core's includes to that), and what
 * a decision asks for that only a server could know is an error of this file: an
 * object of a tree that the command does not name, or anything when nothing is decided.
 * array_run() takes a command through the core as the server does; array_apply()
 * numbers what was decided as the store would, and keeps every event.  What the
 * source hands out must be as it was when the decision is made: that is checked.
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ARRAY_SOURCE_H
#define OMS_ARRAY_SOURCE_H

#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/asset_class.h"
#include "core/command_trees.h"
#include "core/decide.h"
#include "core/execution/execution.h"
#include "core/order/order.h"

/* 2026-01-07 10:00 UTC, a Wednesday; each command is a second later */
#define ARRAY_BEGINS (INT64CONST(821095200) * USECS_PER_SEC)

typedef struct ArrayEvent
{
	int64		tree_version;
	const Transition *rule;
	const Command *cause;
	const Object *after;		/* with its number and time */
} ArrayEvent;

typedef struct ArraySource
{
	ObjectSource source;		/* first */
	List	   *objects;		/* of Object */
	List	   *events;			/* of ArrayEvent */
	List	   *names;			/* of NewName */
	const List *findings;		/* what rules say of the next command */
	const struct Halts *halts;
	const struct Retention *retention;	/* or NULL */
	const AssetClasses *classes;	/* or NULL */
	TimestampTz clock;
	DateADT		(*day) (const MarketKey *key, TimestampTz at, MarketDay which);	/* or NULL */
	int			made;			/* ids given out */
	List	   *trees;			/* of Object: the roots that the command names, which a server would lock */
	Asker		asker;
	bool		backwards;		/* the rows lie the other way round */
	bool		deciding;
} ArraySource;

static inline ArraySource *
array_of(ObjectSource *source)
{
	ArraySource *array = (ArraySource *) source;

	if (!array->deciding)
		elog(ERROR, "BUG: the source is asked while nothing is decided");
	return array;
}

static inline Object *
array_find(const ArraySource *array, ObjectKind kind, const char *id)
{
	ListCell   *cell;

	foreach(cell, array->objects)
	{
		Object	   *object = lfirst(cell);

		if (object->kind == kind && strcmp(object->id, id) == 0)
			return object;
	}
	return NULL;
}

static inline bool
array_is_named(const ArraySource *array, const Object *object)
{
	ListCell   *cell;

	foreach(cell, array->trees)
	{
		const Object *root = lfirst(cell);

		if (root == object || (strcmp(root->id, object->root_id) == 0 &&
							   root->kind == (oms_object_is_root(object) ? object->kind : oms_kind_of(object)->root_kind)))
			return true;
	}
	return false;
}

/* An object of a tree that is not named is a BUG of whoever names. */
static inline void
array_must_be_named(const ArraySource *array, const Object *object)
{
	if (!array_is_named(array, object))
		elog(ERROR, "BUG: \"%s\" is read, and its tree \"%s\" is not named", object->id, object->root_id);
}

static inline const Object *
array_get(ObjectSource *source, ObjectKind kind, const char *id)
{
	const Object *object = array_find(array_of(source), kind, id);

	if (object)
		array_must_be_named(array_of(source), object);
	return object;
}

static inline const char *
array_root_of(ObjectSource *source, ObjectKind kind, const char *id)
{
	const Object *object = array_find(array_of(source), kind, id);

	return object ? object->root_id : NULL;
}

static inline bool
array_is_known(ObjectSource *source, ObjectKind kind, const char *id)
{
	const Object *object = array_find(array_of(source), kind, id);

	return object && array_is_named(array_of(source), object);
}

/* The text of a column that a key names: keys are of texts. */
static inline const char *
array_column(const Object *object, const char *name)
{
	const RecordDef *def = oms_kind_of(object)->record;

	for (int i = 0; i < def->ncolumns; i++)
		if (strcmp(def->columns[i].column, name) == 0 && def->columns[i].type == FIELD_TEXT)
			return *(char *const *) ((const char *) object + def->columns[i].offset);
	elog(ERROR, "BUG: no text column \"%s\" of %s", name, def->name);
}

static inline bool
array_matches(const Object *object, const TableKey *key, const char *const *values)
{
	for (int i = 0; i < KEY_COLUMNS_MAX && key->columns[i]; i++)
		if (!oms_same_text(array_column(object, key->columns[i]), values[i]))
			return false;
	return true;
}

static inline List *
array_find_by(ObjectSource *source, ObjectKind kind, int key, const char *const *const *values, int count)
{
	ArraySource *array = array_of(source);
	List	   *found = NIL;
	ListCell   *cell;

	for (int i = 0; i < count; i++)
	{
		List	   *some = NIL;

		foreach(cell, array->objects)
		{
			Object	   *object = lfirst(cell);

			if (object->kind != kind || !array_matches(object, &oms_kinds[kind].record->keys[key], values[i]))
				continue;
			array_must_be_named(array, object);
			some = array->backwards ? lcons(object, some) : lappend(some, object);
		}
		found = list_concat(found, some);
	}
	return found;
}

/* As far as the core reads it. */
static inline Jsonb *
array_payload(const ArrayEvent *event)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_record_to_json(oms_kind_of(event->after)->record, event->after, &w, "state");
	oms_json_jsonb(&w, "command", event->cause->raw);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static inline void
array_each_event(ObjectSource *source, ObjectKind kind, const char *id, EventVisit visit, void *arg)
{
	ArraySource *array = array_of(source);
	ListCell   *cell;

	if (array_find(array, kind, id) == NULL)
		elog(ERROR, "BUG: the history of %s \"%s\" is asked for, which does not exist", oms_kinds[kind].record->name, id);
	foreach(cell, array->events)
	{
		const ArrayEvent *event = lfirst(cell);
		Jsonb	   *payload;

		if (event->after->kind != kind || strcmp(event->after->id, id) != 0)
			continue;
		payload = array_payload(event);
		visit(payload, arg);
		/* it goes with the next one */
		memset(payload, 0x7f, VARSIZE(payload));
	}
}

static inline const NewName *
array_name(const ArraySource *array, ObjectName which, const char *session, const char *text)
{
	ListCell   *cell;

	foreach(cell, array->names)
	{
		const NewName *name = lfirst(cell);

		if (name->which == which && strcmp(name->name, text) == 0 && strcmp(name->session, session) == 0)
			return name;
	}
	return NULL;
}

static inline const char *
array_named(ObjectSource *source, ObjectName which, const char *session, const char *text)
{
	const NewName *name = array_name(array_of(source), which, session, text);

	return name ? name->id : NULL;
}

static inline List *
array_all_named(ObjectSource *source, ObjectName which, const char *session, const char *text)
{
	List	   *ids = NIL;
	ListCell   *cell;

	foreach(cell, array_of(source)->names)
	{
		const NewName *name = lfirst(cell);

		if (name->which == which && strcmp(name->name, text) == 0 && strcmp(name->session, session) == 0)
			ids = lappend(ids, unconstify(char *, name->id));
	}
	return ids;
}

static inline TimestampTz
array_now(ObjectSource *source)
{
	return array_of(source)->clock;
}

/* None of the orders has a calendar, unless the test gives one. */
static inline DateADT
array_day(ObjectSource *source, const MarketKey *key, TimestampTz at, MarketDay which)
{
	return array_of(source)->day ? array_of(source)->day(key, at, which) : NO_DATE;
}

static inline const Asker *
array_asker(ObjectSource *source)
{
	return &array_of(source)->asker;
}

static inline char *
array_new_id(ObjectSource *source, const Command *command, const char *root_id)
{
	return psprintf("m%d", ++array_of(source)->made);
}

static inline ArraySource *
array_begin(void)
{
	ArraySource *array = palloc0(sizeof(ArraySource));

	array->source = (ObjectSource) {
		.get = array_get,
		.find = array_find_by,
		.root_of = array_root_of,
		.is_known = array_is_known,
		.each_event = array_each_event,
		.named = array_named,
		.all_named = array_all_named,
		.now = array_now,
		.day = array_day,
		.asker = array_asker,
		.new_id = array_new_id,
	};
	array->clock = ARRAY_BEGINS;
	array->asker.actor = "trader";
	return array;
}

/* ------------------------------------------------------------------------
 * applying, as the unit of work does
 * ------------------------------------------------------------------------
 */

/* What only the claim of ids finds out. */
static inline Refusal *
array_claim(const ArraySource *array, const Decision *d)
{
	ArraySource claimed = *array;
	ListCell   *cell;

	claimed.names = list_copy(array->names);
	foreach(cell, d->names)
	{
		const NewName *name = lfirst(cell);

		if (!oms_names[name->which].shared && array_name(&claimed, name->which, name->session, name->name))
			return oms_refuse(OMS_DUPLICATE, "%s \"%s\" is already used", oms_names[name->which].field, name->name);
		claimed.names = lappend(claimed.names, lfirst(cell));
	}
	foreach(cell, d->changes)
	{
		const Change *change = lfirst(cell);

		for (int kind = 0; kind < KIND_COUNT && change->before == NULL; kind++)
		{
			const Object *other = array_find(array, kind, change->after->id);

			if (other && (kind == change->after->kind || (oms_object_is_root(other) && oms_object_is_root(change->after))))
				return oms_refuse(OMS_DUPLICATE, "%s \"%s\" exists already", oms_kinds[kind].record->name, other->id);
		}
	}
	return NULL;
}

static inline Object *
array_copy(const Object *object)
{
	size_t		size = oms_kind_of(object)->record->size;

	return memcpy(palloc(size), object, size);
}

/* What was handed out stays as it was: a new object takes its place. */
static inline Object *
array_put(ArraySource *array, const Object *object)
{
	Object	   *copy = array_copy(object);
	ListCell   *cell;

	foreach(cell, array->objects)
	{
		const Object *old = lfirst(cell);

		if (old->kind == copy->kind && strcmp(old->id, copy->id) == 0)
		{
			lfirst(cell) = copy;
			return copy;
		}
	}
	array->objects = lappend(array->objects, copy);
	return copy;
}

static inline Object *
array_root(ArraySource *array, const Object *object)
{
	ObjectKind	kind = oms_object_is_root(object) ? object->kind : oms_kind_of(object)->root_kind;
	Object	   *root = array_find(array, kind, object->root_id);

	if (root == NULL || !oms_object_is_root(root))
		elog(ERROR, "BUG: the root \"%s\" of \"%s\" does not exist", object->root_id, object->id);
	return array_put(array, root);
}

static inline void
array_apply_change(ArraySource *array, const Change *change)
{
	const Object *found = array_find(array, change->after->kind, change->after->id);
	Object	   *object = array_put(array, change->after);
	ArrayEvent *event = palloc0(sizeof(ArrayEvent));
	Object	   *root;

	object->version = found ? found->version + 1 : 1;
	object->tree_version = found && oms_object_is_root(object) ? found->tree_version : 0;
	object->tree_updated_at = found && oms_object_is_root(object) ? found->tree_updated_at : NO_TIME;
	object->updated_at = array->clock;
	if (object->version == 1)
		object->created_at = array->clock;
	root = array_root(array, object);
	root->tree_version++;
	root->tree_updated_at = array->clock;
	event->tree_version = root->tree_version;
	event->rule = change->rule;
	event->cause = change->cause;
	event->after = array_copy(array_find(array, object->kind, object->id));
	array->events = lappend(array->events, event);
}

static inline void
array_apply(ArraySource *array, const Decision *d)
{
	ListCell   *cell;

	foreach(cell, d->names)
		array->names = lappend(array->names, lfirst(cell));
	foreach(cell, d->changes)
		array_apply_change(array, lfirst(cell));
}

/* ------------------------------------------------------------------------
 * running commands
 * ------------------------------------------------------------------------
 */

/* Read by the table of commands, the fields of FIX included. */
static inline Refusal *
array_parse(const char *json, Command *command)
{
	return oms_command_parse(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json))), true, command);
}

static inline void
array_add_tree(ArraySource *array, const Object *object)
{
	Object	   *root = object == NULL ? NULL : array_find(array, oms_object_is_root(object) ? object->kind :
														   oms_kind_of(object)->root_kind, object->root_id);

	if (root)
		array->trees = list_append_unique_ptr(array->trees, root);
}

typedef struct ArrayTie
{
	ArraySource *array;
	ObjectKind	kind;
} ArrayTie;

static inline void
array_add_tie(const char *id, void *arg)
{
	ArrayTie   *tie = arg;

	array_add_tree(tie->array, array_find(tie->array, tie->kind, id));
}

static inline void
array_add_ties(ArraySource *array, const Object *root, Reach reach)
{
	ArrayTie	tie = {array, oms_kind_of(root)->root_kind};

	if (reach != REACH_OWN && oms_kind_of(root)->ties)
		oms_kind_of(root)->ties(root, reach, array_add_tie, &tie);
}

/* The trees of what the command names, of what their roots link to, and of what they are tied to as far as it reaches. */
static inline void
array_name_trees(ArraySource *array, const Command *command, const TreeNames *unreached)
{
	TreeNames	names = {0};
	Reach		reach = REACH_OWN;
	int			near;

	oms_command_trees(command, &names);
	for (int i = 0; i < unreached->count; i++)
		oms_name_object(&names, unreached->names[i].kind, unreached->names[i].values[0], REACH_OWN);
	array->trees = NIL;
	for (int i = 0; i < names.count; i++)
	{
		ListCell   *cell;

		reach = Max(reach, names.names[i].reach);
		foreach(cell, array->objects)
		{
			Object	   *object = lfirst(cell);

			if (object->kind == names.names[i].kind &&
				array_matches(object, &oms_kinds[object->kind].record->keys[names.names[i].key], names.names[i].values))
				array_add_tree(array, object);
		}
	}
	near = list_length(array->trees);
	/* the list grows while it is walked */
	for (int i = 0; i < list_length(array->trees); i++)
	{
		Object	   *root = list_nth(array->trees, i);

		for (int link = 0; link < KIND_LINKS_MAX && oms_kind_of(root)->links[link] != 0; link++)
		{
			const char *id = *(char *const *) ((const char *) root + oms_kind_of(root)->links[link]);

			if (id)
				array_add_tree(array, array_find(array, root->kind, id));
		}
		if (i < near || reach == REACH_TIED)
			array_add_ties(array, root, reach);
	}
}

static inline Refusal *
array_decide(ArraySource *array, Command *command, Decision *d)
{
	List	   *before = NIL;
	ListCell   *cell;
	ListCell   *kept;
	Refusal    *refusal;
	const Command as_given = *command;
	TreeNames	unreached = {0};

	foreach(cell, array->objects)
		before = lappend(before, array_copy(lfirst(cell)));
	for (;;)
	{
		oms_decision_begin(d, &array->source, command);
		d->findings = array->findings;
		d->halts = array->halts;
		d->retention = array->retention;
		d->classes = array->classes;
		array_name_trees(array, command, &unreached);
		array->deciding = true;
		refusal = oms_decide(d);
		array->deciding = false;
		if (d->unreached.count == 0)
			break;
		*command = as_given;
		for (int i = 0; i < d->unreached.count; i++)
			oms_name_object(&unreached, d->unreached.names[i].kind, d->unreached.names[i].values[0], REACH_OWN);
	}
	forboth(cell, array->objects, kept, before)
		if (memcmp(lfirst(cell), lfirst(kept), oms_kind_of(lfirst(cell))->record->size) != 0)
			elog(ERROR, "BUG: \"%s\" was changed while a command was decided", ((Object *) lfirst(cell))->id);
	return refusal;
}

/* Parse, decide, claim, apply: a refusal, or what became of it in `d`. */
static inline Refusal *
array_run(ArraySource *array, const char *json, Decision *d)
{
	Command    *command = palloc(sizeof(Command));
	Refusal    *refusal = array_parse(json, command);

	array->clock += USECS_PER_SEC;
	memset(d, 0, sizeof(*d));
	if (refusal == NULL)
		refusal = array_decide(array, command, d);
	if (refusal == NULL)
		refusal = array_claim(array, d);
	if (refusal == NULL)
		array_apply(array, d);
	return refusal;
}

#endif							/* OMS_ARRAY_SOURCE_H */
