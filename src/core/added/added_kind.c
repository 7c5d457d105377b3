/*-------------------------------------------------------------------------
 *
 * added_kind.c
 *	  A kind of object that another library brings, made one of oms_kinds[].
 *
 * Pure, but that it extends the tables of kinds and commands, while the library
 * is loaded.  All is checked before either of them counts it: what is wrong is an
 * error of whoever loads that library.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/moment.h"
#include "core/added/added.h"
#include "core/definition.h"

#define ADDED_NUMBERS_FROM	10000
#define ADDED_NAME_MAX		40	/* bytes: what is made of it is a name in SQL too */

/* A type of the header as we keep it, in a column and in a command. */
static const struct
{
	FieldType	column;
	CommandFieldType field;
}			added_types[] = {
	[OMS_ID] = {FIELD_TEXT, CMD_ID},
	[OMS_TEXT] = {FIELD_TEXT, CMD_TEXT},
	[OMS_QUANTITY] = {FIELD_NUMERIC, CMD_QTY},
	[OMS_QUANTITY_OR_ZERO] = {FIELD_NUMERIC, CMD_QTY_OR_ZERO},
	[OMS_PRICE] = {FIELD_NUMERIC, CMD_PRICE},
	[OMS_NAME] = {FIELD_NAME, CMD_NAME},
	[OMS_TIME] = {FIELD_TIME, CMD_TIME},
	[OMS_DATE] = {FIELD_DATE, CMD_DATE},
	[OMS_BOOL] = {FIELD_BOOL, CMD_BOOL},
	[OMS_COUNT] = {FIELD_COUNT_OR_NULL, CMD_VERSION},
	[OMS_OBJECT] = {FIELD_JSON, CMD_OBJECT},
};

/* A kind under construction. */
typedef struct AddedKind
{
	const OmsKind *given;
	ObjectKind	kind;
	OmsName    *conditions;
	OmsName    *statuses;
	uint32		all;			/* conditions */
	RecordDef	record;
	RecordOrder order;
	Machine		machine;
	KindDef		def;
} AddedKind;

#define ADDED(...)	RECORD_COLUMN(AddedObject, __VA_ARGS__)

/* What every kind has: before its own columns, and behind them. */
static const RecordColumn columns_before[] = {
	ADDED(NULL, id, FIELD_TEXT, .required = true),
	ADDED("rootId", root_id, FIELD_TEXT, .required = true),
	ADDED("version", version, FIELD_COUNT, .required = true),
	ADDED("treeVersion", tree_version, FIELD_COUNT_OR_NULL),
	ADDED("status", status, FIELD_NAME, .required = true),
	ADDED("conditions", conditions, FIELD_NAMES, .required = true),
};
static const RecordColumn columns_behind[] = {
	ADDED("createdAt", created_at, FIELD_TIME, .required = true),
	ADDED("updatedAt", updated_at, FIELD_TIME, .required = true),
	ADDED("treeUpdatedAt", tree_updated_at, FIELD_TIME),
	ADDED(NULL, hash, FIELD_HASH),
};

StaticAssertDecl(lengthof(columns_before) + OMS_COLUMNS_MAX + lengthof(columns_behind) <= RECORD_COLUMNS_MAX, "room for the columns of a kind");

static const TableKey added_keys[] = {{true, {"id"}}};
static const OmsName no_names[] = {{0}};

/* ------------------------------------------------------------------------
 * checks
 * ------------------------------------------------------------------------
 */

static void
added_check(const AddedKind *k, bool holds, const char *what, const char *name)
{
	if (!holds)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("cannot register kind \"%s\"", k->given->name ? k->given->name : ""),
				 errdetail_internal("%s%s%s%s", what, name ? ": \"" : "", name ? name : "", name ? "\"." : ".")));
}

/* Lower case, digits and _: it needs no quotes anywhere. */
static void
added_check_sql_name(const AddedKind *k, const char *name, const char *what)
{
	bool		holds = name && name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= ADDED_NAME_MAX &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);

	added_check(k, holds, what, name);
}

static void
added_check_name(const AddedKind *k, const char *name, const char *what)
{
	added_check(k, name && oms_definition_is_identifier(name) && strlen(name) <= 2 * ADDED_NAME_MAX, what, name);
}

static void
added_check_type(const AddedKind *k, OmsFieldType type, const char *const *names, const char *name)
{
	added_check(k, type > 0 && type < lengthof(added_types), "It has a field of no type", name);
	added_check(k, type != OMS_NAME || (names && names[0]), "It has no names for", name);
}

static void
added_check_kind(const AddedKind *k)
{
	const OmsKind *given = k->given;

	added_check(k, oms_kind_count < KINDS_MAX, "There are as many kinds as there may be", NULL);
	added_check_sql_name(k, given->name, "It is named otherwise than by lower case letters, digits and _");
	added_check_sql_name(k, given->table, "Its table is named otherwise than by lower case letters, digits and _");
	added_check_name(k, given->type, "Its type is no identifier");
	added_check(k, given->described && strchr(given->described, ' '), "It is described by no article and name", given->described);
	added_check(k, given->columns && given->statuses && given->transitions && given->commands, "It lacks columns, statuses, transitions or commands", NULL);
	for (int i = 0; i < oms_kind_count; i++)
		added_check(k, strcmp(oms_kinds[i].record->name, given->name) != 0 && strcmp(oms_kinds[i].type, given->type) != 0 &&
					strcmp(oms_kinds[i].record->table, given->table) != 0, "Another kind has its name, type or table", NULL);
}

/* ------------------------------------------------------------------------
 * making it
 * ------------------------------------------------------------------------
 */

static char *
added_text(const char *fmt, const char *text)
{
	char	   *made = psprintf(fmt, text);

	made[0] = pg_ascii_tolower((unsigned char) made[0]);
	return made;
}

/* Ended by one without a name; the first is 1, or bit 0. */
static OmsName *
added_names(const char *const *given, bool as_bits)
{
	int			count = 0;
	OmsName    *names;

	while (given && given[count])
		count++;
	names = palloc0(sizeof(OmsName) * (count + 1));
	for (int i = 0; i < count; i++)
		names[i] = (OmsName) {as_bits ? (int) (UINT32_C(1) << i) : i + 1, given[i]};
	return names;
}

static void
added_make_statuses(AddedKind *k)
{
	int			count = 0;

	while (k->given->statuses[count])
		added_check_name(k, k->given->statuses[count++], "A status is no identifier");
	added_check(k, count > 0 && count <= OMS_STATUSES_MAX, "It has no statuses, or more than there may be", NULL);
	k->conditions = added_names(k->given->statuses, true);
	k->statuses = added_names(k->given->statuses, false);
	k->all = (UINT32_C(1) << count) - 1;
}

static RecordColumn
added_own_column(AddedKind *k, const OmsColumn *given, int place)
{
	FieldType	type;
	bool		is_account = given->column && strcmp(given->column, "account") == 0;

	added_check(k, place < OMS_COLUMNS_MAX, "It has more columns than there may be", NULL);
	added_check_name(k, given->json, "A column is called in states by no identifier");
	added_check_sql_name(k, given->column, "A column is named otherwise than by lower case letters, digits and _");
	added_check_type(k, given->type, given->names, given->json);
	added_check(k, is_account == (strcmp(given->json, "account") == 0) && (!is_account || given->type == OMS_ID),
				"An account is an OMS_ID of that name", given->json);
	type = added_types[given->type].column;
	if (is_account)
		k->def.account = offsetof(AddedObject, values[place]);
	return (RecordColumn) {
		.json = given->json, .column = given->column, .offset = offsetof(AddedObject, values[place]), .required = given->required,
		.type = type == FIELD_COUNT_OR_NULL && given->required ? FIELD_COUNT : type,
		.names = type == FIELD_NAME ? added_names(given->names, false) : NULL,
		.shape = type == FIELD_JSON ? SHAPE_OBJECT : SHAPE_ANY,
		.may_be_long = given->type == OMS_TEXT || given->type == OMS_OBJECT,
	};
}

static void
added_make_record(AddedKind *k)
{
	RecordColumn *columns = palloc0(sizeof(RecordColumn) * RECORD_COLUMNS_MAX);
	int			count = lengthof(columns_before);
	int			place = 0;

	memcpy(columns, columns_before, sizeof(columns_before));
	for (int i = 0; i < count; i++)
	{
		if (columns[i].json == NULL)
			columns[i].json = k->def.id_field;
		if (columns[i].type == FIELD_NAME)
			columns[i].names = k->statuses;
		else if (columns[i].type == FIELD_NAMES)
			columns[i].names = k->conditions;
	}
	for (const OmsColumn *c = k->given->columns; c->column; c++)
		columns[count++] = added_own_column(k, c, place++);
	memcpy(columns + count, columns_behind, sizeof(columns_behind));
	count += lengthof(columns_behind);
	for (int i = 0; i < count; i++)
		for (int j = 0; j < i; j++)
			added_check(k, strcmp(columns[i].column, columns[j].column) != 0 &&
						(columns[i].json == NULL || columns[j].json == NULL || strcmp(columns[i].json, columns[j].json) != 0),
						"Two columns have one name", columns[i].column);
	k->record = (RecordDef) {
		.kind = k->kind, .name = k->given->name, .table = k->given->table, .columns = columns, .ncolumns = count,
		.keys = added_keys, .nkeys = lengthof(added_keys), .order = &k->order, .size = sizeof(AddedObject),
	};
}

/* The number of a trigger by its name, or -1. */
static int
added_trigger(const AddedKind *k, const char *name)
{
	for (int i = 0; name && i < k->machine.trigger_count; i++)
		if (strcmp(k->machine.triggers[i].name, name) == 0)
			return i;
	return -1;
}

/* Whatever fires leaves it with a status: sets one, or leaves one that it requires, or takes none away; of a new object it sets one. */
static void
added_check_row(const AddedKind *k, const OmsTransition *t)
{
	const char *sentence = t->sentence ? t->sentence : "";

	added_check(k, t->number >= ADDED_NUMBERS_FROM, "A transition has a number below 10000", sentence);
	added_check(k, t->trigger && t->event_type && t->sentence, "A transition lacks its trigger, event type or sentence", sentence);
	added_check_name(k, t->event_type, "An event type is no identifier");
	added_check(k, ((t->requires | t->forbids | t->sets | t->clears) & ~k->all) == 0, "A transition has a bit that is no status", sentence);
	added_check(k, t->sets != 0 || t->clears == 0 || (t->requires & ~t->clears) != 0, "A transition may leave no status", sentence);
}

static void
added_make_machine(AddedKind *k)
{
	Transition *rows;
	int			count = 0;

	while (k->given->transitions[count].number != 0)
		count++;
	rows = palloc0(sizeof(Transition) * (count + 1));
	k->machine = (Machine) {
		.object = k->given->name, .rows = rows, .triggers = palloc0(sizeof(MachineTrigger) * Max(count, 1)),
		.conditions = k->conditions, .facts = no_names, .flags = no_names,
	};
	for (int i = 0; i < count; i++)
	{
		const OmsTransition *t = &k->given->transitions[i];

		added_check_row(k, t);
		if (added_trigger(k, t->trigger) < 0)
			k->machine.triggers[k->machine.trigger_count++].name = t->trigger;
		rows[i] = (Transition) {
			.number = t->number, .trigger = added_trigger(k, t->trigger), .requires = t->requires, .forbids = t->forbids,
			.sets = t->sets, .clears = t->clears, .event_type = t->event_type, .sentence = t->sentence,
		};
	}
}

static const RecordColumn *
added_column(const AddedKind *k, const char *name)
{
	int			last = k->record.ncolumns - lengthof(columns_behind);

	for (int i = lengthof(columns_before); i < last; i++)
		if (strcmp(k->record.columns[i].column, name) == 0)
			return &k->record.columns[i];
	return NULL;
}

static CommandField
added_own_field(const AddedKind *k, const OmsCommandField *given, int place, const RecordColumn **fills)
{
	OmsFieldType type = given->type;
	const char *const *names = given->names;

	added_check(k, place < OMS_FIELDS_MAX, "A command has more fields than there may be", given->name);
	added_check_name(k, given->name, "A field is no identifier");
	*fills = given->column ? added_column(k, given->column) : NULL;
	added_check(k, given->column == NULL || *fills, "A field fills no column of its own", given->name);
	for (const OmsColumn *c = k->given->columns; *fills && c->column; c++)
	{
		if (strcmp(c->column, given->column) != 0)
			continue;
		type = c->type;
		names = c->names;
	}
	added_check_type(k, type, names, given->name);
	return (CommandField) {
		.name = given->name, .type = added_types[type].field, .required = given->required, .offset = offsetof(Command, added[place]),
		.names = *fills ? (*fills)->names : type == OMS_NAME ? added_names(names, false) : NULL,
	};
}

static const CommandField *
added_make_fields(const AddedKind *k, const OmsKindCommand *given, AddedCommand *added)
{
	CommandField *fields = palloc0(sizeof(CommandField) * 64);	/* of which a set is 64 bits (command_read.c) */
	int			count = 0;

	fields[count++] = (CommandField) {
		.name = k->def.id_field, .type = CMD_ID, .required = !given->creates, .offset = offsetof(Command, added_id),
		.role = given->creates ? ID_OF_NEW : ID_OF_OWN,
	};
	added->given = given;
	added->columns = k->given->columns;
	added->own = &fields[count];
	for (const OmsCommandField *f = given->fields; f && f->name; f++, count++)
		fields[count] = added_own_field(k, f, count - 1, &added->fills[count - 1]);
	for (const CommandField *f = oms_every_field; f->name; f++)
		fields[count++] = *f;
	for (int i = 0; i < count; i++)
		for (int j = 0; j < i; j++)
			added_check(k, strcmp(fields[i].name, fields[j].name) != 0, "A command has two fields of one name", fields[i].name);
	return fields;
}

static void
added_make_command(const AddedKind *k, const OmsKindCommand *given, int place)
{
	AddedCommand *added = palloc0(sizeof(AddedCommand));
	int			trigger = added_trigger(k, given->trigger);

	added_check_name(k, given->name, "A command is named by no identifier");
	added_check(k, place < COMMAND_TYPES_MAX, "There are as many commands as there may be", given->name);
	added_check(k, trigger >= 0, "A command has a trigger without a transition", given->name);
	added_check(k, given->role >= OMS_TRADER && given->role <= OMS_ADMIN, "A command is nobody's", given->name);
	for (const Transition *t = k->machine.rows; t->number != 0; t++)
		added_check(k, !given->creates || t->trigger != trigger || t->sets != 0, "A transition may leave a new object without a status", t->sentence);
	for (int i = 0; i < place; i++)
		added_check(k, strcmp(oms_command_defs[i].name, given->name) != 0, "There is such a command", given->name);
	oms_command_defs[place] = (CommandDef) {
		.name = given->name, .type = place, .kind = k->kind, .role = (CommandRole) given->role, .trigger = trigger,
		.fields = added_make_fields(k, given, added), .decide = oms_decide_added, .added = added,
	};
}

/* Always: each is the root of its own tree. */
static bool
added_is_root(const Object *object)
{
	return true;
}

void
oms_added_kind(const OmsKind *given)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	AddedKind  *k = palloc0(sizeof(AddedKind));
	int			ncommands = oms_command_count;

	k->given = given;
	k->kind = oms_kind_count;
	added_check_kind(k);
	k->def = (KindDef) {
		.kind = k->kind, .type = given->type, .events = psprintf("%s_events", given->name), .a_name = given->described,
		.id_field = added_text("%sId", given->type), .record = &k->record, .machines = {&k->machine}, .root_kind = k->kind,
		.is_root = added_is_root, .parent_kind = k->kind, .added = true,
	};
	added_make_statuses(k);
	added_make_record(k);
	added_make_machine(k);
	for (const OmsKindCommand *c = given->commands; c->name; c++)
		added_make_command(k, c, ncommands++);
	oms_kinds[k->kind] = k->def;
	oms_kind_check(k->kind);
	/* from here on it counts */
	oms_kind_count++;
	oms_command_count = ncommands;
	MemoryContextSwitchTo(old);
}

void
oms_added_command_init(Command *command)
{
	for (const CommandField *f = command->def->added->own; f->offset >= offsetof(Command, added); f++)
	{
		AddedValue *value = (AddedValue *) ((char *) command + f->offset);

		if (f->type == CMD_TIME)
			value->time = NO_TIME;
		else if (f->type == CMD_DATE)
			value->date = NO_DATE;
		else if (f->type == CMD_VERSION)
			value->count = -1;
	}
}
