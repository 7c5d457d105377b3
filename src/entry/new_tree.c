/*-------------------------------------------------------------------------
 *
 * new_tree.c
 *	  Where a tree begins, and whose tree it is.
 *
 * Writes nothing and locks nothing: it looks at what a command has decided
 * before any of it is claimed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/uuid.h"
#include "core/command_route.h"
#include "entry/handlers.h"
#include "store/shard.h"

char *
oms_new_root_id(UnitOfWork *uow, const Command *command)
{
	Route		route = oms_command_route(command, oms_uow_caller(uow)->actor);

	return oms_new_id(route.slot == OMS_ANY_SLOT ? oms_shard_any_slot() : route.slot);
}

char *
oms_new_id_in_tree(const char *root_id)
{
	return oms_new_id(oms_tree_slot(root_id));
}

static Refusal *
compare_root(const Command *command, const char *object, const char *id, const char *root_id)
{
	if (root_id && strcmp(command->root_id, root_id) == 0)
		return NULL;
	return oms_refuse_by_rule("root_differs", psprintf("%s \"%s\" is in another tree than the command says", object, id),
							  "rootId is %s, the root is %s.", command->root_id, root_id ? root_id : "the order itself");
}

/*
 * What is named and not there says nothing about the tree: it is refused as
 * such, or it is a fill of an order that nobody knows, and a fact is not refused
 * for what its sender believes.
 */
Refusal *
oms_check_root(UnitOfWork *uow, const Command *command)
{
	const char *order_id;
	const char *execution_id;
	const char *new_id;

	if (command->root_id == NULL)
		return NULL;
	order_id = oms_command_object_id(command, ID_OF_ORDER);
	execution_id = oms_command_object_id(command, ID_OF_EXECUTION);
	new_id = oms_command_object_id(command, ID_OF_NEW);
	if (execution_id)
	{
		const Execution *execution = oms_uow_execution(uow, execution_id);

		return execution ? compare_root(command, "execution", execution_id, execution->root_id) : NULL;
	}
	if (order_id)
	{
		const Order *order = oms_uow_order(uow, order_id);

		return order ? compare_root(command, "order", order_id, order->root_id) : NULL;
	}
	return compare_root(command, "order", new_id ? new_id : "(new)", new_id);
}

/* Only an order without a parent and a fill without an order begin a tree. */
Refusal *
oms_check_shard(UnitOfWork *uow, const Command *command, const Outcome *outcome)
{
	const Object *made;

	if (outcome->repeat || (command->def->type != COMMAND_CREATE_ORDER && command->def->type != COMMAND_EXECUTE_ORDER))
		return NULL;
	made = oms_uow_object(uow, outcome->kind->kind, outcome->id);
	if (made == NULL || made->version != 1 || strcmp(made->id, made->root_id) != 0)
		return NULL;
	return oms_shard_check(outcome->kind->record->name, made->id);
}
