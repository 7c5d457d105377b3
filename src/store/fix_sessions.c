/*-------------------------------------------------------------------------
 *
 * fix_sessions.c
 *	  What is known of a FIX session.
 *
 * Keeps what oms.fix_sessions says (config_table.c), sorted by name.  Writes and
 * locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "store/config_table.h"
#include "store/fix_sessions.h"

static struct
{
	MemoryContext context;		/* of all that is kept */
	FixSession *sessions;
	int			count;
	int			room;
}			kept;

static int
session_compare(const void *a, const void *b)
{
	return strcmp(((const FixSession *) a)->name, ((const FixSession *) b)->name);
}

static void
session_begin(ConfigTable *table)
{
	kept.count = kept.room = 0;
	kept.sessions = NULL;
	if (kept.context == NULL)
		kept.context = AllocSetContextCreate(CacheMemoryContext, "oms.fix_sessions", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(kept.context);
}

static FixSession *
session_add(void)
{
	if (kept.count == kept.room)
	{
		kept.room = kept.room ? 2 * kept.room : 16;
		kept.sessions = kept.sessions ? repalloc_huge(kept.sessions, sizeof(FixSession) * kept.room) :
			MemoryContextAlloc(kept.context, sizeof(FixSession) * kept.room);
	}
	return &kept.sessions[kept.count++];
}

static void
session_take(ConfigTable *table, Relation rel, TupleTableSlot *slot)
{
	char	   *name = TextDatumGetCString(oms_config_column(rel, slot, "session", TEXTOID, NULL));
	char	   *direction = TextDatumGetCString(oms_config_column(rel, slot, "direction", TEXTOID, NULL));
	bool		enabled = DatumGetBool(oms_config_column(rel, slot, "enabled", BOOLOID, NULL));
	bool		last_look = DatumGetBool(oms_config_column(rel, slot, "last_look", BOOLOID, NULL));
	bool		no_account;
	Datum		account = oms_config_column(rel, slot, "account", TEXTOID, &no_account);

	*session_add() = (FixSession) {
		.name = MemoryContextStrdup(kept.context, name),
		.is_client = strcmp(direction, "CLIENT") == 0,
		.account = no_account ? NULL : MemoryContextStrdup(kept.context, TextDatumGetCString(account)),
		.enabled = enabled,
		.last_look = last_look,
	};
}

static void
session_end(ConfigTable *table)
{
	if (kept.count > 1)
		qsort(kept.sessions, kept.count, sizeof(FixSession), session_compare);
}

static ConfigTable session_table = {.which = OMS_FIX_SESSIONS, .begin = session_begin, .take = session_take, .end = session_end};

void
oms_fix_sessions_init(void)
{
	oms_config_init(&session_table);
}

const FixSession *
oms_fix_session(const char *name)
{
	FixSession	wanted = {.name = unconstify(char *, name)};

	oms_config_know(&session_table);
	return kept.count == 0 ? NULL : bsearch(&wanted, kept.sessions, kept.count, sizeof(FixSession), session_compare);
}
