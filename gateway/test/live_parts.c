/*
 * gateway/test/live_parts.c
 *     What the live engine is made of: blocks, dictionaries, the arena, decimals, sums, times, names.
 *
 * Broken by: a block that loses what it took from its neighbour, a label that stands between the wrong ones, a free place that is too
 * small, a digit behind the eighteenth that does not count, a carry that stops, a day that does not exist.
 */
#include <stdlib.h>

#include "bytes.h"
#include "dictionary.h"
#include "instant.h"
#include "schema.h"
#include "sum.h"
#include "tap.h"

static uint64_t state = 1;

static uint32_t
chance(uint32_t below)
{
	state = state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t) ((state >> 33) % below);
}

static int
cmp_numbers(const void *context, uint32_t a, uint32_t b)
{
	(void) context;
	return (a > b) - (a < b);
}

#define NUMBERS 4000

static bool
blocks_are(const Blocks *blocks, const bool *in)
{
	uint32_t	items[NUMBERS];
	uint32_t	count = 0;
	uint32_t	read = blocks_read(blocks, 0, NUMBERS, items);

	for (uint32_t i = 0; i < NUMBERS; i++)
		if (in[i] && (count >= read || items[count++] != i))
			return false;
	for (uint32_t i = 0; i < blocks->nblocks; i++)
		if (blocks->counts[i] == 0)
			return false;
	return count == read && count == blocks->total;
}

/* Grows, shrinks to nothing, grows again; at random, so that any block may become small before its neighbours. */
static void
check_blocks(void)
{
	BlocksOrder order = {cmp_numbers, NULL};
	Blocks		blocks = {0};
	static bool in[NUMBERS];
	bool		same = true;
	uint32_t	most = 0;
	uint32_t	least = UINT32_MAX;

	for (int step = 0; step < 90000; step++)
	{
		uint32_t	item = chance(NUMBERS);
		bool		grows = step / 15000 % 2 == 0 ? chance(4) > 0 : chance(60) == 0;

		if (grows && !in[item])
			blocks_insert(&blocks, order, item);
		else if (!grows)
			same &= blocks_remove(&blocks, order, item) == in[item];
		in[item] = grows;
		most = blocks.nblocks > most ? blocks.nblocks : most;
		if (step > 15000 && step < 30000)
			least = blocks.nblocks < least ? blocks.nblocks : least;
		if (step % 500 == 0)
			same &= blocks_are(&blocks, in);
	}
	ok(same, "blocks have what was put into them, in its order");
	ok(most >= 8 && least <= 5, "many became few again (%u, %u)", most, least);
	for (uint32_t i = 0; i < NUMBERS; i++)
		if (in[i])
			blocks_remove(&blocks, order, i);
	ok(blocks.total == 0 && blocks.nblocks == 0, "and nothing");
	blocks_free(&blocks);
}

static void
check_ranks(void)
{
	BlocksOrder order = {cmp_numbers, NULL};
	Blocks		blocks = {0};
	uint32_t	items[NUMBERS];
	bool		same = true;

	for (uint32_t i = 0; i < NUMBERS; i++)
		items[i] = 2 * i;
	blocks_fill(&blocks, items, NUMBERS);
	for (uint32_t i = 0; i < NUMBERS; i++)
	{
		uint32_t	item;

		same &= blocks_rank(&blocks, blocks_place(&blocks, order, 2 * i)) == i && blocks_rank(&blocks, blocks_place(&blocks, order, 2 * i + 1)) == i + 1;
		same &= blocks_read(&blocks, i, 1, &item) == 1 && item == 2 * i;
	}
	ok(same, "a rank is how many stand before, also of what is not there");
	ok(blocks_read(&blocks, NUMBERS - 3, 10, items) == 3 && blocks_read(&blocks, NUMBERS, 10, items) == 0, "behind the last there is nothing");
	ok(!blocks_remove(&blocks, order, 3), "what is not there cannot be taken out");
	blocks_free(&blocks);
}

static void
check_dictionary(void)
{
	HashKey		key = {1, 2};
	Dictionary	dictionary;
	bool		same = true;

	dictionary_begin(&dictionary, &key);
	for (int i = 0; i < 5000; i++)
	{
		char		text[24];
		/* each between the one before and the same end: halves a gap until none is left */
		int			len = snprintf(text, sizeof(text), i < 200 ? "a%04u" : "%u", i < 200 ? 9999 - (uint32_t) i : chance(3000));
		uint32_t	code = dictionary_put(&dictionary, (Span) {text, (size_t) len});

		same &= dictionary_put(&dictionary, (Span) {text, (size_t) len}) == code && span_is(dictionary_text(&dictionary, code), text);
	}
	for (uint32_t a = 0; a < dictionary.count; a += 7)
		for (uint32_t b = 0; b < dictionary.count; b += 11)
			same &= (dictionary.labels[a] < dictionary.labels[b]) == (span_cmp(dictionary_text(&dictionary, a), dictionary_text(&dictionary, b)) < 0);
	ok(same, "%u texts have a code each, and labels in their order", dictionary.count);
	dictionary_free(&dictionary);
}

static void
check_arena(void)
{
	Arena		arena = {0};
	TextAt		at[300] = {0};
	size_t		lens[300];
	static char bytes[9000000];
	bool		same = true;
	size_t		after = 0;

	memset(bytes, 'x', sizeof(bytes));
	for (int step = 0; step < 30000; step++)
	{
		uint32_t	i = chance(300);
		size_t		len = chance(50) > 0 ? chance(40) : chance(3000);

		if (at[i] != 0)
		{
			Span		text = arena_get(&arena, at[i]);

			same &= text.len == lens[i] && (text.len < 2 || (text.data[0] == (char) i && text.data[text.len - 1] == (char) (i + 1)));
			arena_give_back(&arena, at[i]);
		}
		bytes[0] = (char) i;
		if (len > 1)
			bytes[len - 1] = (char) (i + 1);
		at[i] = arena_put(&arena, (Span) {bytes, len});
		if (len > 1)
			bytes[len - 1] = 'x';
		lens[i] = len;
		if (step == 10000)
			after = arena.bytes;
	}
	ok(same, "texts are as they were put");
	ok(arena.bytes == after, "and what is given back is used again");
	at[0] = arena_put(&arena, (Span) {bytes, sizeof(bytes)});
	ok(arena_get(&arena, at[0]).len == sizeof(bytes) && arena_get(&arena, at[0]).data[sizeof(bytes) - 1] == 'x', "one may be longer than a chunk");
	at[1] = arena_put(&arena, (Span) {"y", 1});
	ok(arena_get(&arena, at[1]).data[0] == 'y', "and another goes beside it");
	arena_free(&arena);
}

static Decimal
decimal(const char *text)
{
	Decimal		number = {.scale = 0};

	if (!decimal_read(span_of(text), &number))
		printf("# no decimal: %s\n", text);
	return number;
}

static void
check_decimals(void)
{
	/* ascending; those of a line are equal */
	static const char *const lines[][3] = {
		{"-100000000000000000000"}, {"-1000000000000000000.1"}, {"-999999999999999999", "-999999999999999999.000"}, {"-1.0000000000000000001"}, {"-1", "-1.0", "-01.00"},
		{"-0.5", "-0.50000000000000000000000"}, {"-0.0000001"}, {"0", "-0", "0.000000000000000000000"}, {"0.0000000000000000000001"}, {"0.0000005"},
		{"0.000001"}, {"0.0000011"}, {"1", "1.0", "1.00000000000000000000"}, {"1.0000000000000000001"}, {"9.99"}, {"10"}, {"9223372036854775807"}, {"9223372036854775808"},
	};
	static const char *const wrong[] = {"", "-", ".", "1.", ".5", "1.2.3", "1e5", "+1", "NaN", " 1", "1 ", "--1", "0x1"};
	const int	count = sizeof(lines) / sizeof(lines[0]);
	bool		ordered = true;
	bool		coarse = true;
	Decimal		number;

	for (int i = 0; i < count * 3; i++)
		for (int j = 0; j < count * 3; j++)
		{
			Decimal		a;
			Decimal		b;

			if (lines[i / 3][i % 3] == NULL || lines[j / 3][j % 3] == NULL)
				continue;
			a = decimal(lines[i / 3][i % 3]);
			b = decimal(lines[j / 3][j % 3]);
			ordered &= decimal_cmp(&a, &b) == (i / 3 > j / 3) - (i / 3 < j / 3);
			coarse &= decimal_cmp(&a, &b) > 0 || decimal_order(&a) <= decimal_order(&b);
		}
	ok(ordered, "decimals are compared by value, however many digits they have");
	ok(coarse, "and what they are sorted by first never says the opposite");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!decimal_read(span_of(wrong[i]), &number), "no decimal: \"%s\"", wrong[i]);
}

static void
check_constants(void)
{
	static const char *const cases[][2] = {
		{"1e3", "1000"}, {"1.50", "1.5"}, {"-0", "0"}, {"0.00", "0"}, {"12e-5", "0.00012"}, {"1.2E+2", "120"}, {"-120e-2", "-1.2"}, {"00120", "120"}, {"1e-38", "0.00000000000000000000000000000000000001"},
		{"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"}, {"0.5e1", "5"}, {"100e-2", "1"},
		{"1e38", NULL}, {"1e-39", NULL}, {"1e999999999999", NULL}, {"123456789012345678901234567890123456789", NULL}, {"1e", NULL}, {"e1", NULL}, {"1.e1", NULL}, {"", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		room[DECIMAL_ROOM];
		Decimal		number;
		Text		text = {0};

		if (decimal_read_constant(span_of(cases[i][0]), room, &number))
			decimal_write_trimmed(&number, &text);
		is_str(text.data, cases[i][1], "a constant: %s", cases[i][0]);
		text_free(&text);
	}
}

static void
check_sums(void)
{
	static const char *const numbers[] = {"999999999999999999", "0.999999999999999999", "-0.000000000000000001", "1000000000000000000000000000000", "-0.0000000000000000000000000001"};
	Sum			sum = {0};
	Text		text = {0};
	Decimal		beyond;
	char		digits[100];

	for (int round = 0; round < 1000; round++)
		for (int i = 0; i < 5; i++)
			sum_add(&sum, &(Decimal[]) {decimal(numbers[i])}[0]);
	sum_write(&sum, &text);
	is_str(text.data, "1000000000000999999999999999999999.9999999999999979999999999", "a thousand times");
	for (int round = 0; round < 999; round++)
		for (int i = 0; i < 5; i++)
			sum_take(&sum, &(Decimal[]) {decimal(numbers[i])}[0]);
	text_clear(&text);
	sum_write(&sum, &text);
	is_str(text.data, "1000000000000999999999999999999.9999999999999999979999999999", "and all but once again");
	for (int i = 0; i < 5; i++)
		sum_take(&sum, &(Decimal[]) {decimal(numbers[i])}[0]);
	sum_take(&sum, &(Decimal[]) {decimal("0.5")}[0]);
	text_clear(&text);
	sum_write(&sum, &text);
	is_str(text.data, "-0.5", "below nothing");
	memset(digits, '9', 91);
	digits[91] = '\0';
	beyond = decimal(digits);
	sum_add(&sum, &beyond);
	ok(!sum_write(&sum, &text), "what has too many digits makes it unknown");
	sum_take(&sum, &beyond);
	ok(sum_write(&sum, &text), "until it goes");
	sum_free(&sum);
	text_free(&text);
}

static void
check_times(void)
{
	static const char *const times[][2] = {
		{"2026-03-02T09:30:00Z", "2026-03-02T09:30:00.000000Z"}, {"20260302-09:30:00.5", "2026-03-02T09:30:00.500000Z"}, {"2026-03-02 09:30+0130", "2026-03-02T08:00:00.000000Z"},
		{"2026-03-02t23:59:60-01", "2026-03-03T01:00:00.000000Z"}, {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"}, {"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"},
		{"2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z"}, {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
		{"2026-03-02", NULL}, {"2026-03-02T09:30:00", NULL}, {"2026-02-29T09:30:00Z", NULL}, {"1900-02-29T09:30:00Z", NULL}, {"2026-04-31T09:30:00Z", NULL}, {"2026-13-01T09:30:00Z", NULL},
		{"2026-03-02T24:00:00Z", NULL}, {"2026-03-02T09:30:00+16", NULL}, {"2026-03-02T09:30:00.Z", NULL}, {"0000-01-01T00:00:00Z", NULL}, {"9999-12-31T23:59:59-01", NULL}, {"", NULL},
	};
	int64_t		at;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
	{
		Text		text = {0};

		if (instant_read(span_of(times[i][0]), &at))
			instant_write(at, &text);
		is_str(text.data, times[i][1], "a time: %s", times[i][0]);
		text_free(&text);
	}
	ok(day_read(span_of("20240229"), &at) && at == 19782, "a day");
	ok(!day_read(span_of("2024-0229"), &at) && !day_read(span_of("2023-02-29"), &at) && !day_read(span_of("2024-02-29 "), &at), "and what is none");
}

static void
check_names(void)
{
	static const char names[] = "NEW 0|CANCELLED 4 CANCELED|GOOD_TILL_CANCEL 1 GTC|ACTIVE - IN_USE";
	Span		name;

	ok(names_find(names, span_of("good-till cancel"), &name) && name.len == strlen("GOOD_TILL_CANCEL"), "a name, however it is written");
	ok(names_find(names, span_of("4"), &name) && span_is(name, "CANCELLED"), "FIX's code");
	ok(names_find(names, span_of("canceled"), &name) && span_is(name, "CANCELLED"), "another name");
	ok(names_find(names, span_of("in use"), &name) && span_is(name, "ACTIVE"), "another name of one without a code");
	ok(!names_find(names, span_of("-"), &name) && !names_find(names, span_of(""), &name) && !names_find(names, span_of("NE"), &name), "and no other");
}

int
main(void)
{
	check_blocks();
	check_ranks();
	check_dictionary();
	check_arena();
	check_decimals();
	check_constants();
	check_sums();
	check_times();
	check_names();
	return done();
}
