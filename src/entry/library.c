/*-------------------------------------------------------------------------
 *
 * library.c
 *	  What other libraries build on: the struct of oms_state.h, found by a
 *	  rendezvous variable.
 *
 * Whoever is loaded first waits for the other, in a list that is another such
 * variable.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/added/added.h"
#include "entry/library.h"
#include "store/catalog.h"
#include "store/config_table.h"
#include "store/event_hooks.h"

/* What sessions keep of kinds and commands they look up anew: their tables, and which rules are asked of what. */
static void
library_add_kind(const OmsKind *kind)
{
	oms_added_kind(kind);
	oms_catalog_forget();
	oms_config_forget();
}

static const OmsApi library_api = {
	.version = OMS_API_VERSION,
	.size = sizeof(OmsApi),
	.add_event_hook = oms_event_hook_add,
	.add_kind = library_add_kind,
	.get = oms_added_get,
	.set = oms_added_set,
	.refuse = oms_added_refuse,
	.now = oms_added_now,
	.actor = oms_added_actor,
};

void
oms_library_open(void)
{
	*(const OmsApi **) find_rendezvous_variable(OMS_API) = &library_api;
	for (OmsLibrary *library = *(OmsLibrary **) find_rendezvous_variable(OMS_LIBRARIES); library; library = library->next)
		oms_library_init(library, &library_api);
}
