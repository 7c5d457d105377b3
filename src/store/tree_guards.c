/*-------------------------------------------------------------------------
 *
 * tree_guards.c
 *	  Guards of searches: what was searched for and not found stays away until the
 *	  transaction ends.
 *
 * Locks that no SQL function gives: nobody can hold them but for this.  One for
 * each value that is searched for, and one of all that each transaction shares;
 * one with very many takes that for itself instead, or the server's table of
 * locks would be full.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "storage/lmgr.h"

#include "store/trees_private.h"

#define GUARDS_MAX	1000

enum GuardLock
{
	GUARD_ONE,
	GUARD_ALL
};

typedef struct Guard
{
	uint32		hash;
	const TreeName *search;
} Guard;

static int
guards_compare(const void *a, const void *b)
{
	uint32		first = ((const Guard *) a)->hash;
	uint32		second = ((const Guard *) b)->hash;

	return first < second ? -1 : first > second;
}

static uint32
guards_hash_text(const char *text)
{
	return text ? hash_bytes((const unsigned char *) text, strlen(text)) : 0;
}

static uint32
guards_hash(const TreeName *search)
{
	uint32		hash = guards_hash_text(search->guard_scope);

	for (int i = 0; i < KEY_COLUMNS_MAX; i++)
		hash = hash_combine(hash, guards_hash_text(search->values[i]));
	return hash;
}

static void
guards_lock(const UnitOfWork *uow, const TreeName *search, uint32 hash, enum GuardLock which, LOCKMODE mode)
{
	Oid			table = oms_relation(OMS_OBJECTS_OF(search->kind));

	/* trees come after guards: while one is held, nobody is waited for */
	if (uow->last_kind == NULL && !uow->holds_other)
		LockDatabaseObject(table, hash, which, mode);
	else if (!ConditionalLockDatabaseObject(table, hash, which, mode))
		oms_trees_raise_busy(search);
}

static bool
guards_is_needed(const TreeNames *names, const TreeName *name)
{
	return name->guard_scope && (name->unless == NOT_NAMED || names->names[name->unless].absent);
}

void
oms_trees_lock_guards(Locking *locking)
{
	static uint64 counted_in = 0;
	static int	count = 0;
	const TreeNames *names = locking->names;
	Guard	   *guards = palloc(sizeof(Guard) * names->count);
	int			n = 0;

	for (int i = 0; i < names->count; i++)
		if (guards_is_needed(names, &names->names[i]))
			guards[n++] = (Guard) {guards_hash(&names->names[i]), &names->names[i]};
	if (n == 0)
		return;
	qsort(guards, n, sizeof(Guard), guards_compare);
	if (counted_in != oms_uow_xid(locking->uow))
		count = 0;
	counted_in = oms_uow_xid(locking->uow);
	/* once for all rounds: who holds the shared one must not come to want it for itself */
	if (!locking->guarded)
		count += n;
	locking->guarded = true;
	if (count > GUARDS_MAX)
	{
		guards_lock(locking->uow, guards[0].search, 0, GUARD_ALL, ExclusiveLock);
		return;
	}
	guards_lock(locking->uow, guards[0].search, 0, GUARD_ALL, RowExclusiveLock);
	for (int i = 0; i < n; i++)
		guards_lock(locking->uow, guards[i].search, guards[i].hash, GUARD_ONE, ExclusiveLock);
}
