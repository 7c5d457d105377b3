/*
 * debezium/bridge/test/position.c
 *     The position record: what is written comes back, and what is damaged is refused with words or decodes to something sane.
 *
 * Broken by: a field that is written and not read, or rounded; a part of a transaction that is lost; offsets of a topic under
 * another one's name, or of memory that nobody set; a cut or changed record that is taken for a whole one; a record of a
 * version that we do not know; memory that is read behind its end or not freed (with SANITIZE=1).
 */
#include "tap.h"

#include <stdlib.h>

#include "dice.h"
#include "position.h"

#define PARTITIONS_MANY 100000

static void
random_offsets(Offsets *offsets, int most)
{
	int			partitions[EVENT_TABLES];

	for (int t = 0; t < EVENT_TABLES; t++)
		partitions[t] = event_topic(event_tables, t) == t ? (int) dice((uint64_t) most + 1) : 0;
	offsets_init(offsets, partitions);
	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < partitions[t]; p++)
			offsets->next[t][p] = (int64_t) (dice_bits() >> (1 + dice(63)));
}

/* Of any length that fits, with what JSON has to escape. */
static void
random_text(char *text, size_t room)
{
	static const char letters[] = "abc0_\"\\/\t\n\x7f{}[]:,";
	size_t		len = dice(room);

	for (size_t i = 0; i < len; i++)
		text[i] = letters[dice(sizeof letters - 1)];
	text[len] = '\0';
}

static int64_t
random_number(void)
{
	return (int64_t) (dice_bits() >> (1 + dice(63)));
}

static Position
random_position(void)
{
	Position	position = {
		.timeline = (uint32_t) dice_bits(),
		.place.end_lsn = dice_bits() >> dice(64),
		.reconciling = dice(2) == 0,
		.epoch = (uint64_t) random_number(),
		.written_us = random_number(),
		.horizon.xid = (uint64_t) random_number(),
		.horizon.sequence = random_number(),
		.horizon.lsn = dice_bits() >> dice(64),
	};

	random_text(position.sysid, sizeof position.sysid);
	random_text(position.slot, sizeof position.slot);
	random_text(position.plugin, sizeof position.plugin);
	random_text(position.database, sizeof position.database);
	random_text(position.publication, sizeof position.publication);
	random_text(position.store, sizeof position.store);
	if (dice(2) == 0)
	{
		position.last_id = 1 + (random_number() >> 1);
		snprintf(position.last_hash, sizeof position.last_hash, "%016llx", (unsigned long long) dice_bits());
	}
	if (dice(2) == 0)
	{
		position.floor.sequence = 1 + (random_number() >> 1);
		snprintf(position.floor.hash, sizeof position.floor.hash, "%016llx", (unsigned long long) dice_bits());
		snprintf(position.floor.snapshot, sizeof position.floor.snapshot, "%d:%d:", (int) dice(100), (int) dice(1000));
	}
	if (dice(2) == 0)
	{
		position.place.part_commit_lsn = dice_bits();
		position.place.part_rows = 1 + ((uint64_t) random_number() >> 1);
		position.place.part_last_id = random_number();
	}
	random_offsets(&position.offsets, 6);
	random_offsets(&position.horizon.offsets, 6);
	if (dice(2) == 0)
	{
		position.earlier.xid = 1 + ((uint64_t) random_number() >> 1);
		position.earlier.sequence = random_number();
		position.earlier.lsn = dice_bits();
		random_offsets(&position.earlier.offsets, 6);
	}
	return position;
}

static bool
same_offsets(const Offsets *a, const Offsets *b)
{
	for (int t = 0; t < EVENT_TABLES; t++)
		if (a->partitions[t] != b->partitions[t] ||
			(a->partitions[t] > 0 && memcmp(a->next[t], b->next[t], (size_t) a->partitions[t] * sizeof(int64_t)) != 0))
			return false;
	return true;
}

static bool
same_place(Place a, Place b)
{
	return a.end_lsn == b.end_lsn && a.part_commit_lsn == b.part_commit_lsn && a.part_rows == b.part_rows &&
		a.part_last_id == b.part_last_id;
}

static bool
same_horizon(const Horizon *a, const Horizon *b)
{
	return a->xid == b->xid && a->sequence == b->sequence && a->lsn == b->lsn && same_offsets(&a->offsets, &b->offsets);
}

static bool
same(const Position *a, const Position *b)
{
	return strcmp(a->sysid, b->sysid) == 0 && strcmp(a->database, b->database) == 0 && strcmp(a->publication, b->publication) == 0 && a->timeline == b->timeline && strcmp(a->slot, b->slot) == 0 &&
		strcmp(a->plugin, b->plugin) == 0 && same_place(a->place, b->place) && a->reconciling == b->reconciling &&
		strcmp(a->store, b->store) == 0 && a->last_id == b->last_id && strcmp(a->last_hash, b->last_hash) == 0 &&
		a->floor.sequence == b->floor.sequence && strcmp(a->floor.hash, b->floor.hash) == 0 && strcmp(a->floor.snapshot, b->floor.snapshot) == 0 && a->epoch == b->epoch && a->written_us == b->written_us && same_offsets(&a->offsets, &b->offsets) &&
		same_horizon(&a->horizon, &b->horizon) && same_horizon(&a->earlier, &b->earlier);
}

/* From memory of exactly that size, so that a byte too far is seen. */
static bool
decode(const char *json, size_t len, Position *position, Problem *problem)
{
	char	   *exact = must_alloc(len);
	bool		decoded;

	if (len > 0)
		memcpy(exact, json, len);
	*problem = (Problem) {0};
	decoded = position_decode(exact, len, position, problem);
	free(exact);
	return decoded;
}

/* Whatever the record was: what came out can be written, and is read as the same again. */
static bool
is_sane(const Position *position)
{
	Text		json = {0};
	Position	again = {0};
	Problem		problem;
	bool		sane;

	position_encode(position, &json);
	sane = decode(json.data, json.len, &again, &problem) && same(position, &again);
	position_free(&again);
	text_free(&json);
	return sane;
}

static void
round_trip(void)
{
	int			lost = 0;
	int			copied_wrong = 0;

	for (int round = 0; round < 2000; round++)
	{
		Position	position = random_position();
		Position	decoded = {0};
		Position	copy = {0};
		Text		json = {0};
		Problem		problem;

		position_encode(&position, &json);
		if (!decode(json.data, json.len, &decoded, &problem) || !same(&position, &decoded))
		{
			if (lost++ == 0)
				printf("#   %s\n#   %s\n", json.data, problem.text);
		}
		/* over what was there, and with memory of its own */
		copy = random_position();
		position_copy(&copy, &position);
		position_free(&position);
		position_copy(&copy, &copy);
		copied_wrong += !same(&copy, &decoded);
		position_free(&copy);
		position_free(&decoded);
		text_free(&json);
	}
	is_int(lost, 0, "2000 random positions come back as they were");
	is_int(copied_wrong, 0, "and as copies");
}

/* What the record looks like is a contract with the instance that comes after, of whatever version. */
static void
the_text(void)
{
	Position	position = {.sysid = "7561", .database = "oms", .publication = "5a", .timeline = 3, .slot = "oms_cdc", .plugin = "pgoutput", .epoch = 17, .written_us = 99,
	.place = {0x85B0, 0x90, 40000, 12345, 7}, .horizon = {.xid = 800, .sequence = 77, .lsn = UINT64_C(0x1600000001)}};
	int			partitions[EVENT_TABLES] = {2, 0, 0, 1};
	Text		json = {0};

	/* memory that was somebody's, so that what is not set is seen without sanitizers too */
	free(must_alloc(2 * sizeof(int64_t)));
	offsets_init(&position.offsets, partitions);
	position.offsets.next[0][1] = 881;
	position.offsets.next[3][0] = 5;
	position_encode(&position, &json);
	is_str(json.data, "{\"v\":1,\"sysid\":\"7561\",\"db\":\"oms\",\"tli\":3,\"slot\":\"oms_cdc\",\"plugin\":\"pgoutput\",\"pub\":\"5a\",\"end_lsn\":\"0/85B0\","
		   "\"part\":{\"commit_lsn\":\"0/90\",\"rows\":40000,\"last_id\":12345},\"reconciling\":false,\"epoch\":17,\"written_us\":99,"
		   "\"off\":{\"order-events\":[0,881],\"quote-events\":[5]},\"horizon\":{\"xid\":800,\"sequence\":77,\"lsn\":\"16/1\",\"off\":{}}}",
		   "a record, byte for byte; new offsets begin at 0");
	position_free(&position);
	text_free(&json);
}

static void
many_partitions(void)
{
	int			partitions[EVENT_TABLES] = {PARTITIONS_MANY, 1, 0, PARTITIONS_MANY};
	Position	position = {.sysid = "1", .slot = "s", .plugin = "p"};
	Position	decoded = {0};
	Text		json = {0};
	Text		more = {0};
	Problem		problem;
	const char *array;

	offsets_init(&position.offsets, partitions);
	for (int p = 0; p < PARTITIONS_MANY; p++)
		position.offsets.next[3][p] = INT64_MAX - p;
	position_encode(&position, &json);
	ok(decode(json.data, json.len, &decoded, &problem) && same(&position, &decoded), "topics of %d partitions", PARTITIONS_MANY);
	position_free(&decoded);
	/* one more than anybody may have */
	array = strstr(json.data, "\"quote-events\":[");
	text_add(&more, json.data, (size_t) (array - json.data));
	text_puts(&more, "\"quote-events\":[0,");
	text_puts(&more, array + strlen("\"quote-events\":["));
	ok(!decode(more.data, more.len, &decoded, &problem) && strstr(problem.text, "damaged") != NULL, "one more is refused");
	position_free(&position);
	text_free(&json);
	text_free(&more);
}

/* Counts what went wrong over all truncations and many changes of one record. */
static void
damage(const Text *json, int *taken_cut, int *silent, int *insane, int *refused)
{
	Position	position;
	Problem		problem;

	for (size_t len = 0; len < json->len; len++)
	{
		*taken_cut += decode(json->data, len, &position, &problem);
		*silent += problem.text[0] == '\0' || problem.remedy != REMEDY_STOP;
	}
	for (int i = 0; i < 300; i++)
	{
		Text		bad = {0};

		text_add(&bad, json->data, json->len);
		for (uint64_t changes = 1 + dice(3); changes > 0; changes--)
			bad.data[dice(bad.len)] = (char) (dice(2) == 0 ? dice(256) : (uint64_t) "0129-\"{}[],:.eu\\"[dice(16)]);
		if (decode(bad.data, bad.len, &position, &problem))
		{
			*insane += !is_sane(&position);
			position_free(&position);
		}
		else
		{
			*silent += problem.text[0] == '\0' || problem.remedy != REMEDY_STOP;
			(*refused)++;
		}
		text_free(&bad);
	}
}

static void
damaged(void)
{
	int			taken_cut = 0;
	int			silent = 0;
	int			insane = 0;
	int			refused = 0;

	for (int round = 0; round < 20; round++)
	{
		Position	position = random_position();
		Text		json = {0};

		position_encode(&position, &json);
		damage(&json, &taken_cut, &silent, &insane, &refused);
		position_free(&position);
		text_free(&json);
	}
	is_int(taken_cut, 0, "a record that is cut, wherever, is refused");
	is_int(insane, 0, "one with bytes changed is refused, or is a position that can be written again");
	is_int(silent, 0, "a refusal stops, and says why");
	ok(refused > 1000, "%d of 6000 changed records were refused", refused);
}

#define GOOD_HEAD "{\"v\":1,\"sysid\":\"1\",\"db\":\"d\",\"tli\":1,\"slot\":\"s\",\"plugin\":\"p\",\"pub\":\"\",\"end_lsn\":\"0/1\","
#define GOOD_TAIL "\"reconciling\":false,\"epoch\":1,\"written_us\":1,\"off\":{},\"horizon\":{\"xid\":1,\"sequence\":1,\"lsn\":\"0/1\",\"off\":{}}}"
#define NAME_OF_63 "123456789012345678901234567890123456789012345678901234567890123"

static const struct
{
	const char *what;
	const char *json;
	const char *expected;		/* in the problem's text; NULL: it is fine */
	const char *hint;			/* in its hint */
}			cases[] = {
	{"the record that the others differ from", GOOD_HEAD "\"part\":null," GOOD_TAIL, NULL, NULL},
	{"fields that we do not know", GOOD_HEAD "\"part\":null,\"new\":[1]," GOOD_TAIL, NULL, NULL},
	{"a slot name of 63 bytes", "{\"v\":1,\"sysid\":\"1\",\"db\":\"d\",\"tli\":1,\"slot\":\"" NAME_OF_63 "\",\"plugin\":\"p\",\"pub\":\"\",\"end_lsn\":\"0/1\",\"part\":null," GOOD_TAIL, NULL, NULL},
	{"one of 64", "{\"v\":1,\"sysid\":\"1\",\"db\":\"d\",\"tli\":1,\"slot\":\"" NAME_OF_63 "4\",\"plugin\":\"p\",\"pub\":\"\",\"end_lsn\":\"0/1\",\"part\":null," GOOD_TAIL, "damaged", NULL},
	{"nothing", "", "none of version 1", "position.topic"},
	{"no object", "[1]", "none of version 1", "position.topic"},
	{"somebody else's record", "{\"lsn\":12}", "none of version 1", "position.topic"},
	{"a later version", "{\"v\":2,\"sysid\":\"1\"}", "none of version 1", "newer oms_bridge"},
	{"version 0", "{\"v\":0}", "none of version 1", "position.topic"},
	{"a version that is no number", "{\"v\":\"1\"}", "none of version 1", "position.topic"},
	{"no part, not even null", GOOD_HEAD GOOD_TAIL, "damaged", NULL},
	{"a part of no rows", GOOD_HEAD "\"part\":{\"commit_lsn\":\"0/1\",\"rows\":0,\"last_id\":1}," GOOD_TAIL, "damaged", NULL},
	{"a part of a fraction of rows", GOOD_HEAD "\"part\":{\"commit_lsn\":\"0/1\",\"rows\":1.5,\"last_id\":1}," GOOD_TAIL, "damaged", NULL},
	{"a part without its last id", GOOD_HEAD "\"part\":{\"commit_lsn\":\"0/1\",\"rows\":1}," GOOD_TAIL, "damaged", NULL},
	{"a part of less than no rows", GOOD_HEAD "\"part\":{\"commit_lsn\":\"0/1\",\"rows\":-1,\"last_id\":1}," GOOD_TAIL, "damaged", NULL},
	{"a log position of nine digits", "{\"v\":1,\"sysid\":\"1\",\"db\":\"d\",\"tli\":1,\"slot\":\"s\",\"plugin\":\"p\",\"pub\":\"\",\"end_lsn\":\"0/123456789\",\"part\":null," GOOD_TAIL, "damaged", NULL},
	{"a timeline beyond 32 bits", "{\"v\":1,\"sysid\":\"1\",\"db\":\"d\",\"tli\":4294967296,\"slot\":\"s\",\"plugin\":\"p\",\"pub\":\"\",\"end_lsn\":\"0/1\",\"part\":null," GOOD_TAIL, "damaged", NULL},
	{"the same field twice", "{\"v\":1,\"v\":1,\"sysid\":\"1\",\"db\":\"d\",\"tli\":1,\"slot\":\"s\",\"plugin\":\"p\",\"pub\":\"\",\"end_lsn\":\"0/1\",\"part\":null," GOOD_TAIL, "none of version 1", NULL},
	{"something behind it", GOOD_HEAD "\"part\":null," GOOD_TAIL "x", "none of version 1", NULL},
	{"offsets that are no array", GOOD_HEAD "\"part\":null,\"reconciling\":false,\"epoch\":1,\"written_us\":1,\"off\":{\"order-events\":7},\"horizon\":{\"xid\":1,\"sequence\":1,\"lsn\":\"0/1\",\"off\":{}}}", "damaged", NULL},
	{"an offset below 0", GOOD_HEAD "\"part\":null,\"reconciling\":false,\"epoch\":1,\"written_us\":1,\"off\":{\"order-events\":[3,-1]},\"horizon\":{\"xid\":1,\"sequence\":1,\"lsn\":\"0/1\",\"off\":{}}}", "damaged", NULL},
	{"an offset that is null in the horizon", GOOD_HEAD "\"part\":null,\"reconciling\":false,\"epoch\":1,\"written_us\":1,\"off\":{\"order-events\":[3]},\"horizon\":{\"xid\":1,\"sequence\":1,\"lsn\":\"0/1\",\"off\":{\"order-events\":[null]}}}", "damaged", NULL},
	{"no horizon", GOOD_HEAD "\"part\":null,\"reconciling\":false,\"epoch\":1,\"written_us\":1,\"off\":{\"order-events\":[3]}}", "damaged", NULL},
	{"reconciling that is neither true nor false", GOOD_HEAD "\"part\":null,\"reconciling\":0,\"epoch\":1,\"written_us\":1,\"off\":{},\"horizon\":{\"xid\":1,\"sequence\":1,\"lsn\":\"0/1\",\"off\":{}}}", "damaged", NULL},
};

static void
by_hand(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		Position	position;
		Problem		problem;
		bool		decoded = decode(cases[i].json, strlen(cases[i].json), &position, &problem);

		ok(decoded == (cases[i].expected == NULL) &&
		   (decoded || (strstr(problem.text, cases[i].expected) != NULL && (cases[i].hint == NULL || strstr(problem.hint, cases[i].hint) != NULL))),
		   "%s: %s", cases[i].what, decoded ? "taken" : "refused");
		if (decoded)
			position_free(&position);
		else
			printf("#   %.120s\n", problem.text);
	}
}

int
main(void)
{
	dice_start(20261124);
	the_text();
	round_trip();
	many_partitions();
	by_hand();
	damaged();
	return done();
}
