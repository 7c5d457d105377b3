/*-------------------------------------------------------------------------
 *
 * decision.c
 *	  All that one command changes, in memory only.
 *
 * Pure: reads through its source, keeps what is put, and numbers nothing.
 * Whoever asks for an object sees what this command has made of it, and
 * whoever put it may do with its own copy what he likes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "core/command_size.h"
#include "core/decision.h"

/* More changes than this are found by hash: a placement, a split. */
#define FEW_CHANGES 8

typedef struct DraftKey
{
	ObjectKind	kind;
	const char *id;
} DraftKey;

typedef struct Draft
{
	DraftKey	key;
	Change	   *newest;
	uint32		status;			/* for simplehash */
} Draft;

#define SH_PREFIX drafts
#define SH_ELEMENT_TYPE Draft
#define SH_KEY_TYPE DraftKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) (hash_bytes((const unsigned char *) (key).id, strlen((key).id)) + (uint32) (key).kind)
#define SH_EQUAL(tb, a, b) ((a).kind == (b).kind && strcmp((a).id, (b).id) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

void
oms_decision_begin(Decision *d, ObjectSource *source, Command *command)
{
	memset(d, 0, sizeof(*d));
	d->source = source;
	d->command = command;
	d->cause = command;
}

/* ------------------------------------------------------------------------
 * reading
 * ------------------------------------------------------------------------
 */

static Change *
decision_newest_change(const Decision *d, ObjectKind kind, const char *id)
{
	if (d->drafts)
	{
		Draft	   *draft = drafts_lookup(d->drafts, (DraftKey) {kind, id});

		return draft ? draft->newest : NULL;
	}
	for (int i = list_length(d->changes) - 1; i >= 0; i--)
	{
		Change	   *change = list_nth(d->changes, i);

		if (change->after->kind == kind && strcmp(change->after->id, id) == 0)
			return change;
	}
	return NULL;
}

const Object *
oms_decision_get(const Decision *d, ObjectKind kind, const char *id)
{
	Change	   *change = d->changes ? decision_newest_change(d, kind, id) : NULL;

	return change ? change->after : d->source->get(d->source, kind, id);
}

bool
oms_decision_knows(const Decision *d, ObjectKind kind, const char *id)
{
	return decision_newest_change(d, kind, id) != NULL || d->source->is_known(d->source, kind, id);
}

List *
oms_decision_find(const Decision *d, ObjectKind kind, int key, const char *const *const *values, int count)
{
	List	   *found = d->source->find(d->source, kind, key, values, count);
	ListCell   *cell;

	if (d->changes == NIL)
		return found;
	foreach(cell, found)
	{
		const Object *object = lfirst(cell);
		Change	   *change = decision_newest_change(d, kind, object->id);

		if (change)
			lfirst(cell) = change->after;
	}
	return found;
}

bool
oms_decision_reaches(Decision *d, ObjectKind kind, const char *id)
{
	const char *root_id;

	if (oms_decision_knows(d, kind, id))
		return true;
	root_id = d->source->root_of(d->source, kind, id);
	if (root_id == NULL || d->source->is_known(d->source, oms_kinds[kind].root_kind, root_id))
		return true;
	oms_name_object(&d->unreached, kind, pstrdup(id), REACH_OWN);
	return false;
}

/* It reaches nobody: the pipeline sees d->unreached. */
Refusal *
oms_unreached(void)
{
	return oms_refuse(OMS_VERSION_CONFLICT, "BUG: a decision that needs more trees was not made again");
}

/* ------------------------------------------------------------------------
 * changing
 * ------------------------------------------------------------------------
 */

static void
decision_remember(Decision *d, Change *change)
{
	Draft	   *draft;
	bool		found;

	d->changes = lappend(d->changes, change);
	if (d->drafts == NULL)
	{
		ListCell   *cell;

		if (list_length(d->changes) <= FEW_CHANGES)
			return;
		d->drafts = drafts_create(CurrentMemoryContext, 4 * FEW_CHANGES, NULL);
		foreach(cell, d->changes)
		{
			Change	   *earlier = lfirst(cell);

			draft = drafts_insert(d->drafts, (DraftKey) {earlier->after->kind, earlier->after->id}, &found);
			draft->newest = earlier;
		}
		return;
	}
	draft = drafts_insert(d->drafts, (DraftKey) {change->after->kind, change->after->id}, &found);
	draft->newest = change;
}

static Object *
decision_copy_of(const Object *object)
{
	size_t		size = oms_kind_of(object)->record->size;

	return memcpy(palloc(size), object, size);
}

void
oms_decision_put(Decision *d, const Object *after, const Transition *rule, bool id_is_given)
{
	Change	   *earlier = decision_newest_change(d, after->kind, after->id);
	Change	   *change;

	/* sums that come by several ways are one change, the last has them all; and they are part of what else the command makes of the object */
	if (earlier && (rule->merges || earlier->rule->merges))
	{
		earlier->after = decision_copy_of(after);
		/* of two such rows the later one says more */
		if (earlier->rule->merges && (!rule->merges || rule->number > earlier->rule->number))
			earlier->rule = rule;
		return;
	}
	change = palloc0(sizeof(Change));
	if (earlier)
	{
		change->before = earlier->after;
		change->is_new = earlier->is_new;
		change->id_is_given = earlier->id_is_given;
		earlier->is_last = false;
	}
	else
	{
		/* an id that is given to what is new may be another's, whom the decision has read: the claim finds that */
		if (!id_is_given && d->source->is_known(d->source, after->kind, after->id))
			change->before = d->source->get(d->source, after->kind, after->id);
		change->is_new = change->before == NULL;
		change->id_is_given = id_is_given;
	}
	change->after = decision_copy_of(after);
	change->rule = rule;
	change->cause = d->cause;
	change->is_last = true;
	decision_remember(d, change);
}

void
oms_decision_tell_briefly(Decision *d)
{
	Command    *brief = palloc(sizeof(Command));

	*brief = *d->cause;
	brief->raw = oms_command_brief(brief->raw);
	d->cause = brief;
}

void
oms_decision_name(Decision *d, ObjectName which, const char *session, const char *name, const char *id)
{
	NewName    *new_name;

	if (name == NULL)
		return;
	new_name = palloc(sizeof(NewName));
	*new_name = (NewName) {which, session ? session : "", name, id};
	d->names = lappend(d->names, new_name);
}

void
oms_decision_end_with(Decision *d, DecisionStep step)
{
	d->steps = list_append_unique_ptr(d->steps, step);
}

void
oms_decision_end_first_with(Decision *d, DecisionStep step)
{
	d->steps = lcons(step, list_delete_ptr(d->steps, step));
}

Refusal *
oms_decision_end(Decision *d)
{
	Refusal    *refusal = NULL;

	/* one may name another; what reaches further is decided anew in any case */
	for (int i = 0; i < list_length(d->steps) && refusal == NULL && d->unreached.count == 0; i++)
		refusal = ((DecisionStep) list_nth(d->steps, i)) (d);
	return refusal;
}

void
oms_decision_mark(Decision *d, uint32 flags)
{
	Change	   *change = d->about_id ? decision_newest_change(d, d->about, d->about_id) : NULL;

	if (change == NULL)
		return;
	change->findings = d->findings;
	if (flags != 0 && oms_kind_of(change->after)->flags != 0)
		*(uint32 *) ((char *) change->after + oms_kind_of(change->after)->flags) |= flags;
}

void
oms_decision_about(Decision *d, ObjectKind kind, const char *id, bool repeat)
{
	d->about = kind;
	d->about_id = id;
	d->repeat = repeat;
}
