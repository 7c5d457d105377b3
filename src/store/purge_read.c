/*-------------------------------------------------------------------------
 *
 * purge_read.c
 *	  A tree that is to go, read whole: its events, names, commands and hashes.
 *
 * Writes nothing but what an archive is made of, in memory.  The trees are locked;
 * takes no other lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/digest.h"
#include "store/events_ahead.h"
#include "store/purge_private.h"
#include "store/sent.h"

typedef struct PurgeWalk
{
	UnitOfWork *uow;
	TreePurge  *purge;
	SentHorizon horizon;
	bool		any_names[NAME_COUNT];	/* of which sorts there may be any */
	MemoryContext row;

	/* the object under way */
	PurgedObject *object;
	int64		count;			/* of its events */
	bool		unsent;
	bool		has_names;		/* may it have any? */
} PurgeWalk;

static void
purge_add_text(List **texts, JsonbContainer *container, const char *key)
{
	JsonbValue	hold;
	JsonbValue *v = container ? getKeyJsonValueFromContainer(container, key, strlen(key), &hold) : NULL;
	ListCell   *cell;

	if (v == NULL || v->type != jbvString)
		return;
	foreach(cell, *texts)
	{
		const char *text = lfirst(cell);

		if (strlen(text) == v->val.string.len && memcmp(text, v->val.string.val, v->val.string.len) == 0)
			return;
	}
	*texts = lappend(*texts, pnstrdup(v->val.string.val, v->val.string.len));
}

static JsonbContainer *
purge_container(JsonbContainer *container, const char *key)
{
	JsonbValue	hold;
	JsonbValue *v = getKeyJsonValueFromContainer(container, key, strlen(key), &hold);

	return v && v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data) ? v->val.binary.data : NULL;
}

static bool
purge_text_is(JsonbContainer *container, const char *key, const char *text, int length)
{
	JsonbValue	hold;
	JsonbValue *v = container ? getKeyJsonValueFromContainer(container, key, strlen(key), &hold) : NULL;

	return v && v->type == jbvString && length == v->val.string.len && memcmp(text, v->val.string.val, length) == 0;
}

/* Under which keys of a state or command a name of a sort stands. */
static const char *const name_keys[NAME_COUNT][5] = {
	[NAME_CL_ORD_ID] = {"clOrdID"},
	[NAME_COUNTERPARTY_ORDER_ID] = {"counterpartyOrderID", "orderID"},
	[NAME_MATCHED_EXEC_ID] = {"execID"},
	[NAME_WAITING_ORDER_ID] = {"clOrdID", "counterpartyOrderID", "orderID", "orderId"},
	[NAME_QUOTE_REQ_ID] = {"quoteReqID"},
	[NAME_QUOTE_ID] = {"quoteID"},
};

static void
purge_note_names(const PurgeWalk *walk, JsonbContainer *container)
{
	PurgedObject *object = walk->object;

	for (int which = 0; which < NAME_COUNT; which++)
		for (int i = 0; walk->any_names[which] && oms_names[which].kind == object->object->kind && name_keys[which][i]; i++)
			purge_add_text(&object->names[which], container, name_keys[which][i]);
	purge_add_text(&object->sessions, container, "fixSession");
}

static void
purge_note_command(TreePurge *purge, const StoredEvent *event)
{
	PurgedCommand *command = palloc(sizeof(PurgedCommand));

	*command = (PurgedCommand) {text_to_cstring(event->actor), text_to_cstring(event->command_id), event->sequence};
	purge->commands = lappend(purge->commands, command);
}

/* In memory of the call. */
static void
purge_note_event(PurgeWalk *walk, const StoredEvent *event)
{
	TreePurge  *purge = walk->purge;
	const Object *object = walk->object->object;
	JsonbContainer *payload = &event->payload->root;
	JsonbContainer *command = JsonContainerIsObject(payload) ? purge_container(payload, "command") : NULL;

	if (purge->count == purge->size)
	{
		purge->size = Max(2 * purge->size, 16);
		purge->rows = purge->rows ? repalloc_huge(purge->rows, sizeof(PurgedEvent) * purge->size) : palloc(sizeof(PurgedEvent) * purge->size);
	}
	purge->rows[purge->count++] = (PurgedEvent) {event->leaf, event->tid};
	purge->first_at = purge->count == 1 ? event->occurred_at : Min(purge->first_at, event->occurred_at);
	purge->last_at = purge->count == 1 ? event->occurred_at : Max(purge->last_at, event->occurred_at);
	purge->last_sequence = Max(purge->last_sequence, event->sequence);
	walk->count++;
	walk->unsent |= !oms_is_sent(&walk->horizon, event->sequence, event->xid);
	if (walk->has_names && JsonContainerIsObject(payload))
		purge_note_names(walk, purge_container(payload, "state"));
	if (walk->has_names)
		purge_note_names(walk, command);
	if (event->version == 1 && purge_text_is(command, oms_kind_of(object)->id_field, object->id, strlen(object->id)))
		walk->object->id_is_given = true;
	if (purge_text_is(command, "commandId", VARDATA_ANY(event->command_id), VARSIZE_ANY_EXHDR(event->command_id)))
		purge_note_command(purge, event);
	if (purge->archive)
		oms_archive_add(purge->archive, event);
}

static void
purge_take_event(Table *leaf, void *arg)
{
	PurgeWalk  *walk = arg;
	MemoryContext old = MemoryContextSwitchTo(walk->row);
	StoredEvent event;

	oms_event_read(leaf, walk->purge->archive != NULL, &event);
	MemoryContextSwitchTo(old);
	purge_note_event(walk, &event);
	MemoryContextReset(walk->row);
}

/* What it has made is not written yet, or was written by who may still roll back. */
static bool
purge_is_changed(const UnitOfWork *uow, const Object *root)
{
	Tracked    *t = oms_map_peek(uow->map, root->kind, root->id);

	return t && t->changed;
}

static Refusal *
purge_refuse(const Object *root, const char *rule, const char *fact)
{
	return oms_refuse_by_rule(rule, psprintf("%s \"%s\" cannot be purged", oms_kind_noun(root->kind), root->id), "%s", fact);
}

static Refusal *
purge_read_object(PurgeWalk *walk, const Object *object)
{
	UnitOfWork *uow = walk->uow;
	TreePurge  *purge = walk->purge;
	const Object *root = purge->tree->root;

	walk->object = palloc0(sizeof(PurgedObject));
	walk->object->object = object;
	walk->object->sessions = list_make1("");
	walk->count = 0;
	walk->unsent = walk->has_names = false;
	for (int which = 0; which < NAME_COUNT; which++)
		walk->has_names |= walk->any_names[which] && oms_names[which].kind == object->kind;
	if (uow->ahead == NULL || !oms_events_ahead_walk(uow->ahead, object, purge_take_event, walk))
		oms_events_walk(uow->tables, object, purge_take_event, walk);
	purge->objects = lappend(purge->objects, walk->object);
	if (walk->count != object->version)
		return purge_refuse(root, "incomplete", psprintf("%s \"%s\" has version " INT64_FORMAT ", and there are " INT64_FORMAT " events of it.",
														 oms_kind_noun(object->kind), object->id, object->version, walk->count));
	if (walk->unsent)
		return purge_refuse(root, "not_sent", psprintf("Replication slot \"%s\" has not confirmed all events of %s \"%s\".",
													   walk->horizon.slot, oms_kind_noun(object->kind), object->id));
	return NULL;
}

static Refusal *
purge_read_objects(UnitOfWork *uow, TreePurge *purge, const List *objects)
{
	PurgeWalk	walk = {.uow = uow, .purge = purge, .horizon = oms_sent_horizon()};
	Refusal    *refusal = NULL;
	ListCell   *cell;

	for (int which = 0; which < NAME_COUNT; which++)
		walk.any_names[which] = oms_names_are_any(uow->tables, which);
	walk.row = AllocSetContextCreate(CurrentMemoryContext, "oms purged event", ALLOCSET_DEFAULT_SIZES);
	foreach(cell, objects)
	{
		CHECK_FOR_INTERRUPTS();
		refusal = purge_read_object(&walk, lfirst(cell));
		if (refusal)
			break;
	}
	MemoryContextDelete(walk.row);
	return refusal;
}

static int
purge_compare_objects(const ListCell *a, const ListCell *b)
{
	const Object *first = lfirst(a);
	const Object *second = lfirst(b);
	int			order = (int) first->kind - (int) second->kind;

	return order != 0 ? order : strcmp(first->id, second->id);
}

void
oms_purge_put_hash(JsonWriter *w, const char *key, const bytea *hash)
{
	int			length = VARSIZE_ANY_EXHDR(hash);
	char	   *text = palloc(2 * length + 1);

	hex_encode(VARDATA_ANY(hash), length, text);
	oms_json_string_len(w, key, text, 2 * length);
	pfree(text);
}

/* By kind and id: the same for whoever computes it. */
static void
purge_digest(TreePurge *purge, List *objects)
{
	JsonWriter	w = {0};
	ListCell   *cell;
	char	   *text;
	int			length;

	oms_json_open_array(&w);
	foreach(cell, objects)
	{
		const Object *object = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		oms_json_open_array(&w);
		oms_json_string(&w, NULL, oms_kind_of(object)->record->name);
		oms_json_string(&w, NULL, object->id);
		oms_json_int(&w, NULL, object->version);
		oms_purge_put_hash(&w, NULL, object->hash);
		oms_json_close_array(&w);
	}
	oms_json_close_array(&w);
	purge->hashes = oms_json_finish(&w);
	text = oms_json_text(purge->hashes, &length);
	purge->digest = oms_digest(NULL, text, length, NULL);
	pfree(text);
}

void
oms_purge_many(UnitOfWork *uow)
{
	uow->ahead = oms_events_ahead_begin(uow->tables);
}

Refusal *
oms_purge_read(UnitOfWork *uow, TreePurge *purge)
{
	const PurgedTree *tree = purge->tree;
	List	   *objects = list_copy(tree->objects);
	Refusal    *refusal;

	if (purge_is_changed(uow, tree->root))
		return purge_refuse(tree->root, "retained", "It was changed by the same call.");
	if (strcmp(tree->policy->action, PURGE_DELETE) != 0)
		purge->archive = oms_archive_begin(tree->root, tree->policy->action);
	list_sort(objects, purge_compare_objects);
	refusal = purge_read_objects(uow, purge, objects);
	if (refusal)
		return refusal;
	purge_digest(purge, objects);
	list_free(objects);
	return NULL;
}
