/*-------------------------------------------------------------------------
 *
 * account_rights.c
 *	  Whose accounts the caller may see and change.
 *
 * Keeps what oms.account_grants says (config_table.c), and what follows of it for
 * who asks: for the current, the outer and the session user, who may change within
 * a session, and for their memberships, which others may change.  Asked for each
 * row that a limited user reads: what is kept is compared and searched, and
 * no catalog is looked at.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class_d.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/record.h"
#include "store/account_rights.h"
#include "store/account_rights_private.h"
#include "store/caller.h"
#include "store/config_table.h"
#include "store/table_compat.h"

#define RIGHTS_SUBJECTS_MAX	3

/* A row of the table. */
typedef struct RightsRow
{
	char	   *role;
	AccountGrant grant;
	bool		enabled;
} RightsRow;

/* What of an object's row says who sees it. */
typedef struct RightsFound
{
	char	   *account;
	char	   *asset_class;
	char	   *parent_id;
} RightsFound;

static struct
{
	MemoryContext context;		/* of all that is kept of the table */
	RightsRow  *rows;			/* by role */
	int			count;
	int			room;
}			kept;

static struct
{
	MemoryContext context;		/* of what follows for who asks */
	bool		valid;
	bool		changed_meanwhile;
	Oid			current;
	Oid			outer;
	Oid			session;
	const char *actor;			/* whose commands his are (caller.h) */
	int			count;			/* 0: nobody who counts is limited */
	AccountSubject subjects[RIGHTS_SUBJECTS_MAX];
}			rights;

/* ------------------------------------------------------------------------
 * the table
 * ------------------------------------------------------------------------
 */

static void
rights_begin(ConfigTable *table)
{
	rights.valid = false;
	kept.count = kept.room = 0;
	kept.rows = NULL;
	if (kept.context == NULL)
		kept.context = AllocSetContextCreate(CacheMemoryContext, "oms.account_grants", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(kept.context);
}

static void
rights_take_classes(AccountGrant *grant, ArrayType *classes)
{
	Datum	   *elements;
	bool	   *nulls;

	deconstruct_array(classes, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &grant->class_count);
	grant->classes = palloc(sizeof(char *) * (grant->class_count + 1));
	for (int i = 0; i < grant->class_count; i++)
		grant->classes[i] = nulls[i] ? "" : TextDatumGetCString(elements[i]);
}

/* A row that is damaged gives nothing, and limits whose it is. */
static void
rights_take(ConfigTable *table, Relation rel, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(kept.context);
	bool		no_role;
	bool		no_account;
	bool		unsaid;
	Datum		role = oms_config_column(rel, slot, "role", TEXTOID, &no_role);
	Datum		account = oms_config_column(rel, slot, "account", TEXTOID, &no_account);
	Datum		enabled = oms_config_column(rel, slot, "enabled", BOOLOID, &unsaid);
	bool		any_class;
	Datum		classes = oms_config_column(rel, slot, "asset_classes", TEXTARRAYOID, &any_class);
	RightsRow  *row;

	if (kept.count == kept.room)
	{
		kept.room = kept.room ? 2 * kept.room : 16;
		kept.rows = kept.rows ? repalloc_huge(kept.rows, sizeof(RightsRow) * kept.room) : palloc(sizeof(RightsRow) * kept.room);
	}
	row = &kept.rows[kept.count++];
	*row = (RightsRow) {.role = no_role ? "" : TextDatumGetCString(role), .grant = {.account = no_account ? "" : TextDatumGetCString(account)}};
	row->enabled = !no_account && !unsaid && DatumGetBool(enabled);
	row->grant.length = strlen(row->grant.account);
	if (row->grant.length > 0 && row->grant.account[row->grant.length - 1] == '%')
	{
		row->grant.is_prefix = true;
		row->grant.length--;
	}
	if (!any_class)
		rights_take_classes(&row->grant, DatumGetArrayTypeP(classes));
	MemoryContextSwitchTo(old);
}

static int
rights_row_compare(const void *a, const void *b)
{
	return strcmp(((const RightsRow *) a)->role, ((const RightsRow *) b)->role);
}

static void
rights_end(ConfigTable *table)
{
	if (kept.count > 1)
		qsort(kept.rows, kept.count, sizeof(RightsRow), rights_row_compare);
}

static ConfigTable rights_table = {.which = OMS_ACCOUNT_GRANTS, .begin = rights_begin, .take = rights_take, .end = rights_end};

/* A role, or who is in it. */
static void
rights_forget(Datum arg, int cache, uint32 hash)
{
	rights.valid = false;
	rights.changed_meanwhile = true;
}

void
oms_account_rights_init(void)
{
	oms_config_init(&rights_table);
	CacheRegisterSyscacheCallback(AUTHOID, rights_forget, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, rights_forget, (Datum) 0);
}

/* ------------------------------------------------------------------------
 * who asks
 * ------------------------------------------------------------------------
 */

static bool
rights_has(Oid user, const char *name)
{
	Oid			role = get_role_oid(name, true);

	return OidIsValid(role) && has_privs_of_role(user, role);
}

static bool
rights_are_exempt(Oid user)
{
	return has_bypassrls_privilege(user) || oms_owns_relation(oms_relation_alone(OMS_ACCOUNT_GRANTS), user) ||
		rights_has(user, "oms_admin") || rights_has(user, "oms_bridge");
}

static int
rights_account_compare(const AccountGrant *grant, const char *account, int length)
{
	int			order = memcmp(grant->account, account, Min(grant->length, length));

	return order != 0 ? order : grant->length - length;
}

static int
rights_grant_compare(const void *a, const void *b)
{
	const AccountGrant *grant = b;

	return rights_account_compare(a, grant->account, grant->length);
}

/* Is he limited, and to what?  Rows are by role: each role is looked up once. */
static bool
rights_limit(AccountSubject *subject, Oid user)
{
	bool		is_limited = false;
	bool		is_in = false;

	*subject = (AccountSubject) {
		.user = user,
		.exact = palloc(sizeof(AccountGrant) * kept.count),
		.prefixes = palloc(sizeof(AccountGrant) * kept.count),
	};
	for (int i = 0; i < kept.count; i++)
	{
		const RightsRow *row = &kept.rows[i];

		if (i == 0 || strcmp(row->role, row[-1].role) != 0)
		{
			Oid			role = get_role_oid(row->role, true);

			CHECK_FOR_INTERRUPTS();
			is_in = OidIsValid(role) && oms_role_is_in(user, role);
			is_limited |= is_in;
		}
		if (is_in && row->enabled)
		{
			if (row->grant.is_prefix)
				subject->prefixes[subject->prefix_count++] = row->grant;
			else
				subject->exact[subject->exact_count++] = row->grant;
		}
	}
	if (subject->exact_count > 1)
		qsort(subject->exact, subject->exact_count, sizeof(AccountGrant), rights_grant_compare);
	subject->is_desk = rights_has(user, "oms_desk");
	return is_limited;
}

static void
rights_add_subject(Oid user)
{
	for (int i = 0; i < rights.count; i++)
		if (rights.subjects[i].user == user)
			return;
	if (rights_limit(&rights.subjects[rights.count], user))
		rights.count++;
}

static void
rights_find_out(void)
{
	bool		proxied;
	MemoryContext old;

	rights.valid = false;
	rights.changed_meanwhile = false;
	proxied = oms_caller_is_proxied();
	rights.count = 0;
	if (rights.context == NULL)
		rights.context = AllocSetContextCreate(CacheMemoryContext, "oms account rights", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(rights.context);
	rights.current = GetUserId();
	rights.outer = GetOuterUserId();
	rights.session = GetSessionUserId();
	old = MemoryContextSwitchTo(rights.context);
	rights.actor = GetUserNameFromId(proxied ? rights.outer : rights.session, true);
	if (!rights_are_exempt(rights.current))
	{
		Oid			users[] = {rights.current, rights.outer, rights.session};

		for (int i = 0; i < lengthof(users); i++)
			if (!(i == 2 && proxied) && !(i > 0 && rights_are_exempt(users[i])))
				rights_add_subject(users[i]);
	}
	MemoryContextSwitchTo(old);
	/* what changed while we looked is good for this statement */
	rights.valid = !rights.changed_meanwhile;
}

/* Is what is kept of the table and of who asks as it was?  Without a look at what others have changed. */
static inline bool
rights_are_known(void)
{
	return rights_table.valid &&
		(kept.count == 0 || (rights.valid && rights.current == GetUserId() && rights.outer == GetOuterUserId() && rights.session == GetSessionUserId()));
}

static void
rights_know(void)
{
	oms_config_know(&rights_table);
	if (kept.count > 0 && !rights_are_known())
		rights_find_out();
}

bool
oms_accounts_are_limited(void)
{
	rights_know();
	return kept.count > 0 && rights.count > 0;
}

bool
oms_account_sees_all(void)
{
	if (unlikely(!rights_are_known()))
		rights_know();
	return kept.count == 0 || rights.count == 0;
}

int
oms_account_subjects(const AccountSubject **subjects)
{
	*subjects = rights.subjects;
	return oms_accounts_are_limited() ? rights.count : 0;
}

void
oms_accounts_refuse_limited(const char *what)
{
	if (oms_accounts_are_limited())
		ereport(ERROR,
				(errcode(OMS_NOT_PERMITTED),
				 errmsg("%s is not for who is limited to accounts", what),
				 errdetail("Role \"%s\" does not see all accounts.", GetUserNameFromId(GetUserId(), false))));
}

/* ------------------------------------------------------------------------
 * what he sees
 * ------------------------------------------------------------------------
 */

static AccountSight
rights_grant_sight(const AccountGrant *grant, const char *asset_class)
{
	if (grant->classes == NULL)
		return ACCOUNT_SEEN;
	if (asset_class == ACCOUNT_ANY_CLASS)
		return ACCOUNT_SEEN_BY_CLASS;
	for (int i = 0; asset_class && i < grant->class_count; i++)
		if (strcmp(grant->classes[i], asset_class) == 0)
			return ACCOUNT_SEEN;
	return ACCOUNT_UNSEEN;
}

/* The first of those with this account, or the place where it would stand. */
static int
rights_search(const AccountSubject *subject, const char *account, int length)
{
	int			low = 0;
	int			high = subject->exact_count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (rights_account_compare(&subject->exact[middle], account, length) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The rows of a query are often of one account: that of the one before is tried first. */
static AccountSight
rights_subject_sight(AccountSubject *subject, const char *account, int length, const char *asset_class)
{
	AccountSight sight = ACCOUNT_UNSEEN;

	if (account == NULL)
		return subject->is_desk ? ACCOUNT_SEEN : ACCOUNT_UNSEEN;
	if (subject->last && subject->last->length == length && memcmp(subject->last->account, account, length) == 0)
		return ACCOUNT_SEEN;
	for (int i = rights_search(subject, account, length);
		 sight < ACCOUNT_SEEN && i < subject->exact_count && rights_account_compare(&subject->exact[i], account, length) == 0; i++)
	{
		sight = Max(sight, rights_grant_sight(&subject->exact[i], asset_class));
		if (subject->exact[i].classes == NULL)
			subject->last = &subject->exact[i];
	}
	for (int i = 0; sight < ACCOUNT_SEEN && i < subject->prefix_count; i++)
		if (subject->prefixes[i].length <= length && memcmp(subject->prefixes[i].account, account, subject->prefixes[i].length) == 0)
			sight = Max(sight, rights_grant_sight(&subject->prefixes[i], asset_class));
	return sight;
}

/* Each of those who are limited has to see it. */
AccountSight
oms_account_sight_of(const char *account, int length, const char *asset_class)
{
	AccountSight sight = ACCOUNT_SEEN;

	if (oms_account_sees_all())
		return ACCOUNT_SEEN;
	for (int i = 0; sight > ACCOUNT_UNSEEN && i < rights.count; i++)
		sight = Min(sight, rights_subject_sight(&rights.subjects[i], account, length, asset_class));
	return sight;
}

AccountSight
oms_account_sight(const char *account, const char *asset_class)
{
	return oms_account_sight_of(account, account ? strlen(account) : 0, asset_class);
}

bool
oms_account_is_visible(const char *account, const char *asset_class)
{
	return oms_account_sight(account, asset_class) == ACCOUNT_SEEN;
}

bool
oms_account_is_seen(const char *account)
{
	return oms_account_sight(account, ACCOUNT_ANY_CLASS) > ACCOUNT_UNSEEN;
}

bool
oms_account_sent(const char *actor, int length)
{
	return oms_account_sees_all() || (rights.actor && strlen(rights.actor) == length && memcmp(rights.actor, actor, length) == 0);
}

/* As for who asks: who has the rights of the one he acted as is not limited where that one is exempt. */
bool
oms_account_was_visible(const char *actor, const char *role, const char *account, const char *asset_class)
{
	const char *const names[] = {role, actor};

	rights_know();
	for (int i = 0; kept.count > 0 && i < lengthof(names); i++)
	{
		Oid			user = names[i] ? get_role_oid(names[i], true) : InvalidOid;
		AccountSubject subject;

		if (!OidIsValid(user))
			return false;
		if (rights_are_exempt(user))
		{
			if (i == 0)
				return true;
		}
		else if (rights_limit(&subject, user) &&
				 rights_subject_sight(&subject, account, account ? strlen(account) : 0, asset_class) != ACCOUNT_SEEN)
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------
 * objects, and what belongs to them
 * ------------------------------------------------------------------------
 */

static AttrNumber
rights_text_column(Relation rel, const char *name)
{
	AttrNumber	number = get_attnum(RelationGetRelid(rel), name);

	return number > 0 && TupleDescAttr(RelationGetDescr(rel), number - 1)->atttypid == TEXTOID ? number : InvalidAttrNumber;
}

static char *
rights_text(TupleTableSlot *slot, AttrNumber number)
{
	bool		isnull = true;
	Datum		value = number > 0 ? slot_getattr(slot, number, &isnull) : (Datum) 0;

	return isnull ? NULL : TextDatumGetCString(value);
}

/* The primary key, where it is still on the id alone; else nothing is found. */
static Relation
rights_open_key(Relation rel, AttrNumber id)
{
	Relation	index;

	list_free(RelationGetIndexList(rel));
	if (rel->rd_rel->relkind != RELKIND_RELATION || !OidIsValid(rel->rd_pkindex) || id <= 0)
		return NULL;
	index = index_open(rel->rd_pkindex, AccessShareLock);
	if (index->rd_index->indnkeyatts == 1 && index->rd_index->indkey.values[0] == id && index->rd_index->indisvalid)
		return index;
	index_close(index, AccessShareLock);
	return NULL;
}

/* Of a kind that has an asset class; others have that of what they belong to. */
static const RecordColumn *
rights_class_column(const KindDef *kind)
{
	const RecordColumn *column = oms_record_column(kind->record, "asset_class");

	return column && column->type == FIELD_TEXT ? column : NULL;
}

const char *
oms_account_parent_column(const KindDef *kind)
{
	if (rights_class_column(kind))
		return NULL;
	for (int i = 0; kind->parent > 0 && i < kind->record->ncolumns; i++)
		if (kind->record->columns[i].offset == kind->parent)
			return kind->record->columns[i].column;
	return NULL;
}

/* The row of an object of this kind, as the statement sees it; false: there is none. */
static bool
rights_find(const KindDef *kind, const char *id, RightsFound *row)
{
	Relation	rel = table_open(oms_relation(OMS_OBJECTS_OF(kind->kind)), AccessShareLock);
	Relation	index = rights_open_key(rel, rights_text_column(rel, "id"));
	const char *parent = oms_account_parent_column(kind);
	bool		found = false;

	*row = (RightsFound) {0};
	if (index)
	{
		Snapshot	snapshot = RegisterSnapshot(ActiveSnapshotSet() ? GetActiveSnapshot() : GetTransactionSnapshot());
		TupleTableSlot *slot = table_slot_create(rel, NULL);
		IndexScanDesc scan = oms_index_beginscan(rel, index, snapshot, 1);
		ScanKeyData scankey;

		ScanKeyEntryInitialize(&scankey, 0, 1, BTEqualStrategyNumber, InvalidOid, index->rd_indcollation[0], F_TEXTEQ, CStringGetTextDatum(id));
		index_rescan(scan, &scankey, 1, NULL, 0);
		found = index_getnext_slot(scan, ForwardScanDirection, slot);
		if (found)
		{
			row->account = rights_text(slot, rights_text_column(rel, "account"));
			row->asset_class = rights_text(slot, rights_text_column(rel, "asset_class"));
			row->parent_id = parent ? rights_text(slot, rights_text_column(rel, parent)) : NULL;
		}
		index_endscan(scan);
		ExecDropSingleTupleTableSlot(slot);
		UnregisterSnapshot(snapshot);
		index_close(index, AccessShareLock);
	}
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * What has no account, or is seen by class alone and has none, takes that of what
 * it belongs to.  Where that is not there, or not the caller's, he sees neither:
 * nobody finds out by this what there is.
 */
bool
oms_account_under_is_visible(const char *account, const char *above, const char *asset_class)
{
	AccountSight sight = account ? oms_account_sight(account, ACCOUNT_ANY_CLASS) : ACCOUNT_SEEN_BY_CLASS;

	if (sight != ACCOUNT_SEEN_BY_CLASS)
		return sight == ACCOUNT_SEEN;
	return oms_account_is_seen(above) && oms_account_is_visible(account ? account : above, asset_class);
}

bool
oms_account_below_is_visible(const char *account, const KindDef *parent, const char *parent_id)
{
	AccountSight sight = account || parent_id == NULL ? oms_account_sight(account, ACCOUNT_ANY_CLASS) : ACCOUNT_SEEN_BY_CLASS;
	RightsFound above;

	if (sight != ACCOUNT_SEEN_BY_CLASS)
		return sight == ACCOUNT_SEEN;
	return parent_id && rights_find(parent, parent_id, &above) && oms_account_under_is_visible(account, above.account, above.asset_class);
}

bool
oms_account_id_is_visible(const KindDef *kind, const char *id)
{
	RightsFound row;

	if (!rights_find(kind, id, &row))
		return false;
	return rights_class_column(kind) ? oms_account_is_visible(row.account, row.asset_class) :
		oms_account_below_is_visible(row.account, &oms_kinds[kind->parent_kind], row.parent_id);
}

bool
oms_object_is_visible(const KindDef *kind, const Object *object)
{
	const RecordColumn *column = rights_class_column(kind);
	const char *account = oms_object_account(object);

	return column ? oms_account_is_visible(account, *(char *const *) ((const char *) object + column->offset)) :
		oms_account_below_is_visible(account, &oms_kinds[kind->parent_kind], oms_object_parent_id(object));
}
