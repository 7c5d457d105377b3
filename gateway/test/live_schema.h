/*
 * gateway/test/live_schema.h
 *     A kind of object with a field of every type, for tests of the live engine.
 */
#ifndef LIVE_SCHEMA_TEST_H
#define LIVE_SCHEMA_TEST_H

#include "schema.h"

enum
{
	M_ID, M_VERSION, M_SYMBOL, M_SIDE, M_NOTE, M_PRICE, M_QTY, M_CURRENCY, M_FLAGS, M_TAGS, M_CLOSED, M_DAY, M_AT, M_DOC, M_ROOT, M_PARENT,
	M_FIELDS
};

static const Field model_fields[M_FIELDS] = {
	[M_ID] = {"rowId", "id", .type = FIELD_TEXT},
	[M_VERSION] = {"version", "version", .type = FIELD_NUMBER},
	[M_SYMBOL] = {"symbol", "symbol", .type = FIELD_TEXT, .few = true},
	[M_SIDE] = {"side", "side", .type = FIELD_NAME, .few = true, .open = true, .names = "BUY 1|SELL 2|SELL_SHORT 5 SHORT"},
	[M_NOTE] = {"note", "note", .type = FIELD_TEXT},
	[M_PRICE] = {"price", "price", .type = FIELD_NUMBER},
	[M_QTY] = {"qty", "qty", .type = FIELD_NUMBER, .total = true},
	[M_CURRENCY] = {"currency", "currency", .type = FIELD_TEXT, .few = true},
	[M_FLAGS] = {"flags", "flags", .type = FIELD_TEXTS, .few = true},
	[M_TAGS] = {"tags", "tags", .type = FIELD_TEXTS},
	[M_CLOSED] = {"closed", "closed", .type = FIELD_BOOLEAN},
	[M_DAY] = {"day", "day", .type = FIELD_DATE},
	[M_AT] = {"at", "at", .type = FIELD_TIME},
	[M_DOC] = {"doc", "doc", .type = FIELD_DOCUMENT},
	[M_ROOT] = {"rootId", "root_id", .type = FIELD_TEXT},
	[M_PARENT] = {"parentId", "parent_id", .type = FIELD_TEXT},
};

static const char *const model_elsewhere[] = {"members", NULL};

static const Schema model_schema = {
	.object = "rows", .fields = model_fields, .nfields = M_FIELDS, .id = M_ID, .version = M_VERSION, .root = M_ROOT, .parent = M_PARENT,
	.currency = M_CURRENCY, .elsewhere = model_elsewhere,
};

#endif
