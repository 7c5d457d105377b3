/*-------------------------------------------------------------------------
 *
 * decide.c
 *	  What a command does: the one way into the core.
 *
 * Pure.  What is asked of every command stands here; the rest is said by the
 * decide function that the list of commands names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/command_route.h"
#include "core/command_trees.h"
#include "core/decide.h"
#include "core/desk/desk.h"
#include "core/execution/allocation_book.h"
#include "core/halt.h"

Refusal *
oms_no_such(ObjectKind kind, const char *id)
{
	return oms_refuse(OMS_NO_SUCH_OBJECT, "%s \"%s\" does not exist", oms_kind_noun(kind), id);
}

Refusal *
oms_check_new_id(const Decision *d, ObjectKind kind, const char *id, bool is_root)
{
	if (oms_decision_knows(d, kind, id))
		return oms_refuse(OMS_DUPLICATE, "%s \"%s\" exists already", oms_kind_noun(kind), id);
	for (int other = 0; other < oms_kind_count && !is_root; other++)
		if (other != kind && d->source->root_of(d->source, other, id) != NULL)
			return oms_refuse_id_of(kind, id, oms_decision_asker(d)->is_limited ? NULL : &oms_kinds[other]);
	return NULL;
}

Refusal *
oms_refuse_id_of(ObjectKind kind, const char *id, const KindDef *other)
{
	if (other == NULL)
		return oms_refuse(OMS_DUPLICATE, "%s \"%s\" is already used", oms_kinds[kind].id_field, id);
	return oms_refuse(OMS_DUPLICATE, "%s \"%s\" is the id of %s", oms_kinds[kind].id_field, id, other->a_name);
}

Refusal *
oms_check_version(const Command *command, ObjectKind kind, const char *id, int64 version)
{
	if (command->expected_version < 0 || command->expected_version == version)
		return NULL;
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_VERSION_CONFLICT, "%s \"%s\" has another version than expected",
													oms_kind_noun(kind), id),
										 "expectedVersion is " INT64_FORMAT ", its version is " INT64_FORMAT ".",
										 command->expected_version, version),
						 "Read it again and decide anew.");
}

static Refusal *
decide_compare_root(const Command *command, ObjectKind kind, const char *id, const char *root_id)
{
	if (root_id && strcmp(command->root_id, root_id) == 0)
		return NULL;
	return oms_refuse_by_rule("root_differs",
							  psprintf("%s \"%s\" is in another tree than the command says", oms_kind_noun(kind), id),
							  "rootId is %s, the root is %s.", command->root_id, root_id ? root_id : "the order itself");
}

/*
 * What is named and not there says nothing about the tree: it is refused as
 * such, or it is a fill of an order that nobody knows, and a fact is not refused
 * for what its sender believes.
 */
static Refusal *
decide_check_root(const Decision *d)
{
	const Command *command = d->command;
	const char *id;

	if (command->root_id == NULL)
		return NULL;
	/* an execution before its order */
	for (IdRole role = ID_ROLE_COUNT - 1; role > ID_OTHER; role--)
	{
		ObjectKind	kind = oms_role_kind(command->def, role);
		const Object *object;

		id = kind == KIND_NONE ? NULL : oms_command_object_id(command, role);
		if (id == NULL)
			continue;
		object = oms_decision_get(d, kind, id);
		return object ? decide_compare_root(command, object->kind, id, object->root_id) : NULL;
	}
	id = oms_command_object_id(command, ID_OF_NEW);
	return decide_compare_root(command, command->def->kind, id ? id : "(new)", id);
}

/*
 * After the command's own refusals: what cannot be is not worth a rule.  A fill's
 * findings are among its reasons by now, where it became an execution.
 */
static Refusal *
decide_weigh_findings(Decision *d)
{
	FindingEffect effect = oms_findings_effect(d->findings, d->command);

	if (effect == FINDINGS_REFUSE)
		return oms_findings_refuse(d->findings, d->command);
	/* a fill that was only kept, a report of a leg, is none */
	if (effect == FINDINGS_HOLD && d->about != d->command->def->kind)
		effect = FINDINGS_FLAG;
	/* a repeat changes nothing */
	if (d->repeat)
		return NULL;
	if (effect == FINDINGS_QUEUE)
		oms_desk_hold(d, oms_findings_desk_reason(d->findings));
	oms_decision_mark(d, effect == FINDINGS_FLAG ? FLAG_RULE : 0);
	return NULL;
}

Refusal *
oms_decide(Decision *d)
{
	Refusal    *refusal = decide_check_root(d);

	if (refusal == NULL)
		refusal = oms_desk_check(d);
	if (refusal == NULL)
		refusal = d->command->def->decide(d);
	if (refusal == NULL)
		refusal = oms_decision_end(d);
	if (refusal)
		return d->books ? oms_books_refused(d, refusal) : refusal;
	if (unlikely(d->halts))
		refusal = oms_halts_check(d);
	if (refusal)
		return refusal;
	return d->findings ? decide_weigh_findings(d) : NULL;
}
