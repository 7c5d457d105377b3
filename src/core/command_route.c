/*-------------------------------------------------------------------------
 *
 * command_route.c
 *	  Which slot a command belongs to.
 *
 * Pure.  A router asks it where to send a command, and the store which slot the
 * id of a new tree gets: the same code, so that a command which is sent again
 * comes where its tree is.  Which fields count is said in the table of commands
 * (command_list.c), beside each field that is an id.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/command_route.h"

static Route
route_make(int slot, const char *by, bool certain)
{
	Route		r = {slot, by, certain};

	return r;
}

/* The first of the chain of ClOrdIDs that is known here names the tree best: it made the order's id. */
Route
oms_names_route(const OrderNames *names)
{
	const char *session = names->session ? names->session : "";

	if (names->orig_cl_ord_id)
		return route_make(oms_scoped_slot(session, names->orig_cl_ord_id), "origClOrdID", false);
	if (names->cl_ord_id)
		return route_make(oms_scoped_slot(session, names->cl_ord_id), "clOrdID", false);
	if (names->order_id)
		return route_make(oms_scoped_slot(session, names->order_id), "orderID", false);
	if (names->quote_req_id)
		return route_make(oms_scoped_slot(session, names->quote_req_id), "quoteReqID", false);
	/* all entries of a session stay together */
	if (names->entry && names->session)
		return route_make(oms_scoped_slot(session, ""), "fixSession", false);
	if (names->quote_id)
		return route_make(oms_scoped_slot(session, names->quote_id), "quoteID", false);
	return route_make(OMS_ANY_SLOT, "any", true);
}

/* A tree that begins without an id: its id is made, and will have the slot that we say. */
static Route
route_unnamed(const Command *command, const char *actor)
{
	OrderNames	names = {command->fix_session, command->orig_cl_ord_id, command->cl_ord_id, command->counterparty_order_id,
	command->quote.quote_req_id, command->quote.quote_id, command->quote.quote_set_id || command->quote.quote_entry_id};
	Route		found = oms_names_route(&names);

	if (found.slot == OMS_ANY_SLOT && command->command_id_given)
		found = route_make(oms_scoped_slot(actor, command->command_id), "commandId", true);
	found.certain = true;
	return found;
}

/* The field in this role that is given, with its id; or NULL. */
static const CommandField *
route_field_in_role(const Command *command, IdRole role, const char **id)
{
	for (const CommandField *f = command->def->fields; f->name != NULL; f++)
	{
		if (f->role != role)
			continue;
		*id = *(char *const *) ((const char *) command + f->offset);
		if (*id)
			return f;
	}
	return NULL;
}

const char *
oms_command_object_id(const Command *command, IdRole role)
{
	const char *id = NULL;

	return route_field_in_role(command, role, &id) ? id : NULL;
}

/* An id that carries its slot beats all that do not; after that, the smaller role. */
Route
oms_command_route(const Command *command, const char *actor)
{
	Route		found = {OMS_ANY_SLOT};

	for (IdRole role = ID_OF_ROOT; role <= ID_OF_NEW; role++)
	{
		const char *id;
		const CommandField *f = route_field_in_role(command, role, &id);
		bool		certain;

		if (f == NULL || (role == ID_OF_NEW && found.slot != OMS_ANY_SLOT))
			continue;
		certain = role == ID_OF_ROOT || role == ID_OF_NEW || oms_id_carries_slot(id);
		if (certain || found.slot == OMS_ANY_SLOT)
			found = route_make(oms_tree_slot(id), f->name, certain);
		if (certain)
			break;
	}
	/* members are roots, in the database of their block */
	if (found.slot == OMS_ANY_SLOT && command->members.count > 0)
		found = route_make(oms_tree_slot(command->members.shares[0].order_id), "members", true);
	return found.slot == OMS_ANY_SLOT ? route_unnamed(command, actor) : found;
}
