/*-------------------------------------------------------------------------
 *
 * sight.c
 *	  What a caller who is limited to accounts sees of a unit of work.
 *
 * Whose accounts they are says account_rights.c; trees.c hides what is named, and
 * source.c notes what a decision has read besides.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "store/account_rights.h"
#include "store/sight.h"
#include "store/work_private.h"

bool
oms_uow_is_limited(const UnitOfWork *uow)
{
	return uow->limited;
}

/*
 * The class of what has none of its own is that of what it belongs to, and so is the
 * account; this call may have made that: account_rights.c would look for its row.
 */
static bool
sight_sees(const UnitOfWork *uow, const Object *object)
{
	const KindDef *kind = oms_kind_of(object);
	const char *parent_id = oms_record_column(kind->record, "asset_class") ? NULL : oms_object_parent_id(object);
	Tracked    *parent = parent_id ? oms_map_find(uow->map, kind->parent_kind, parent_id) : NULL;
	const RecordColumn *column = parent ? oms_record_column(oms_kind_of(parent->now)->record, "asset_class") : NULL;

	if (column == NULL || column->type != FIELD_TEXT)
		return oms_object_is_visible(kind, object);
	return oms_account_under_is_visible(oms_object_account(object), oms_object_account(parent->now),
										*(char *const *) ((const char *) parent->now + column->offset));
}

bool
oms_uow_sees(const UnitOfWork *uow, const Object *object)
{
	return likely(!uow->limited) || sight_sees(uow, object);
}

void
oms_sight_ask(UnitOfWork *uow)
{
	uow->limited = !uow->looks_at_all && oms_accounts_are_limited();
}

bool
oms_sight_of_all(UnitOfWork *uow, bool all)
{
	bool		was = uow->looks_at_all;

	uow->looks_at_all = all;
	oms_sight_ask(uow);
	return was;
}

bool
oms_sight_allows(const FollowUp *next)
{
	if (next->account && oms_accounts_are_limited() && !oms_account_is_seen(next->account))
		return false;
	return oms_account_was_visible(next->actor, next->role, next->order->account, next->order->asset_class);
}

void
oms_sight_note(UnitOfWork *uow, const Object *object)
{
	MemoryContext old;

	if (likely(!uow->limited) || object == NULL || sight_sees(uow, object))
		return;
	old = MemoryContextSwitchTo(uow->memory);
	uow->unseen = lappend(uow->unseen, unconstify(Object *, object));
	MemoryContextSwitchTo(old);
}

/* ------------------------------------------------------------------------
 * refusals
 * ------------------------------------------------------------------------
 */

static Refusal *
sight_refuse(const UnitOfWork *uow, const Command *command)
{
	Refusal    *refusal = oms_refuse(OMS_NOT_PERMITTED, "%s is not permitted for role \"%s\"", command->def->name, uow->caller.role);

	refusal->beyond = true;
	return oms_with_detail(refusal, "It concerns what is of accounts that the role may not see.");
}

/* Does the command say that it is to be of this account?  Then that may be said of it. */
static bool
sight_is_stated(const Command *command, const char *account)
{
	for (int i = 0; i < command->nchildren; i++)
		if (oms_same_text(command->children[i].account, account))
			return true;
	return oms_same_text(command->account, account);
}

static Refusal *
sight_refuse_account(const UnitOfWork *uow, const Command *command, const Object *after)
{
	const char *account = oms_object_account(after);
	Refusal    *refusal = sight_refuse(uow, command);

	if (!sight_is_stated(command, account))
		return refusal;
	refusal->message = account ?
		psprintf("%s for account \"%s\" is not permitted for role \"%s\"", command->def->name, account, uow->caller.role) :
		psprintf("%s without an account is not permitted for role \"%s\"", command->def->name, uow->caller.role);
	return oms_with_detail(refusal, account ? "The role may not see what is of that account, or of that asset class in it." :
						   "The role is limited to accounts, and what has none is the desk's.");
}

/* A fill that waits for its order in review is nobody's, whoever tells it. */
static bool
sight_is_nobodys(const Change *change)
{
	return change->is_new && oms_kind_of(change->after)->is_fact && oms_object_is_root(change->after);
}

Refusal *
oms_sight_check(const UnitOfWork *uow, const Decision *decision)
{
	ListCell   *cell;

	if (likely(!uow->limited))
		return NULL;
	foreach(cell, decision->changes)
	{
		const Change *change = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (sight_is_nobodys(change))
			continue;
		if (change->before && !oms_uow_sees(uow, change->before))
			return sight_refuse(uow, decision->command);
		if (!oms_uow_sees(uow, change->after))
			return sight_refuse_account(uow, decision->command, change->after);
	}
	return NULL;
}

Refusal *
oms_sight_check_all(const UnitOfWork *uow, const Command *command, const List *objects)
{
	ListCell   *cell;

	foreach(cell, objects)
	{
		CHECK_FOR_INTERRUPTS();
		if (!oms_uow_sees(uow, lfirst(cell)))
			return sight_refuse(uow, command);
	}
	return NULL;
}

static bool
sight_tells(const UnitOfWork *uow, const char *text)
{
	ListCell   *cell;

	foreach(cell, uow->unseen)
	{
		CHECK_FOR_INTERRUPTS();
		if (text && strstr(text, ((const Object *) lfirst(cell))->id) != NULL)
			return true;
	}
	return false;
}

Refusal *
oms_sight_cover(const UnitOfWork *uow, const Command *command, Refusal *refusal)
{
	if (likely(uow->unseen == NIL) || refusal == NULL)
		return refusal;
	if (sight_tells(uow, refusal->message))
		return sight_refuse(uow, command);
	if (sight_tells(uow, refusal->detail))
		refusal->detail = NULL;
	if (sight_tells(uow, refusal->hint))
		refusal->hint = NULL;
	return refusal;
}

/* ------------------------------------------------------------------------
 * what is named
 * ------------------------------------------------------------------------
 */

/* Is it the root, the parent or a link of the object? */
static bool
sight_hangs_on(const Object *object, const TreeName *hidden)
{
	const KindDef *kind = oms_kind_of(object);
	const char *id = hidden->values[0];

	if (!oms_object_is_root(object) && hidden->kind == kind->root_kind && strcmp(object->root_id, id) == 0)
		return true;
	if (hidden->kind == kind->parent_kind && oms_same_text(oms_object_parent_id(object), id))
		return true;
	for (int i = 0; hidden->kind == object->kind && i < KIND_LINKS_MAX && kind->links[i] != 0; i++)
		if (oms_same_text(*(char *const *) ((const char *) object + kind->links[i]), id))
			return true;
	return false;
}

Refusal *
oms_sight_check_names(UnitOfWork *uow)
{
	for (int i = 0; unlikely(uow->hides) && i < uow->named.count; i++)
	{
		const TreeName *hidden = &uow->named.names[i];

		for (int j = 0; hidden->hidden && j < uow->named.count; j++)
		{
			const TreeName *other = &uow->named.names[j];
			Tracked    *t = other->hidden || other->key != OBJECT_BY_ID ? NULL : oms_map_find(uow->map, other->kind, other->values[0]);

			CHECK_FOR_INTERRUPTS();
			if (t && sight_hangs_on(t->now, hidden))
				return oms_no_such(hidden->kind, hidden->values[0]);
		}
	}
	return NULL;
}

char *
oms_uow_named(UnitOfWork *uow, ObjectName which, const char *session, const char *name, bool *more)
{
	char	   *found = NULL;
	bool		several = false;
	ListCell   *cell;

	if (likely(!uow->limited))
		return oms_named(uow->tables, which, session, name, more);
	foreach(cell, oms_all_named(uow->tables, which, session, name))
	{
		CHECK_FOR_INTERRUPTS();
		if (oms_uow_peek(uow, oms_names[which].kind, lfirst(cell)) == NULL)
			continue;
		several = found != NULL;
		found = found ? found : lfirst(cell);
		if (several)
			break;
	}
	if (more)
		*more = several;
	return found;
}

/* ------------------------------------------------------------------------
 * what was answered
 * ------------------------------------------------------------------------
 */

Refusal *
oms_sight_check_answer(UnitOfWork *uow, ObjectKind kind, const char *id)
{
	if (likely(!uow->limited) || id == NULL || oms_uow_peek(uow, kind, id))
		return NULL;
	return oms_no_such(kind, id);
}

static bool
sight_shows(Jsonb *payload)
{
	char	   *type = oms_json_get_string(payload, "aggregateType");
	Jsonb	   *state = oms_json_get_container(payload, "state");

	for (int i = 0; type && state && i < oms_kind_count; i++)
		if (strcmp(oms_kinds[i].type, type) == 0)
		{
			Object	   *object = palloc(oms_kinds[i].record->size);

			oms_record_from_json(oms_kinds[i].record, state, object);
			return oms_object_is_visible(&oms_kinds[i], object);
		}
	return false;
}

int
oms_sight_filter(const UnitOfWork *uow, Jsonb **payloads, int count)
{
	int			kept = 0;

	if (likely(!uow->limited))
		return count;
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (sight_shows(payloads[i]))
			payloads[kept++] = payloads[i];
	}
	return kept;
}
