/*
 * gateway/test/live_tables.c
 *     The engine's fields against the tables as the extension makes them (sql/), and its names against those of the extension (src/).
 *
 * Broken by: a column that was renamed or has another type, a name or a code of FIX that the extension has got and the engine has not.
 */
#include <stdlib.h>

#include "bytes.h"
#include "schema.h"
#include "tap.h"
#include "text.h"

static bool
read_file(const char *path, Text *text)
{
	FILE	   *file = fopen(path, "r");
	char		buffer[4096];
	size_t		len;

	text_clear(text);
	if (file == NULL)
		return false;
	while ((len = fread(buffer, 1, sizeof(buffer), file)) > 0)
		text_add(text, buffer, len);
	fclose(file);
	return text->len > 0;
}

/* What stands behind the column's name in CREATE TABLE; NULL: there is none. */
static const char *
type_of(const Text *sql, const char *table, const char *column)
{
	char		pattern[128];
	const char *begin;
	const char *end;
	const char *found;

	snprintf(pattern, sizeof(pattern), "CREATE TABLE oms.%s (", table);
	begin = strstr(sql->data, pattern);
	end = begin != NULL ? strstr(begin, "\n)") : NULL;
	snprintf(pattern, sizeof(pattern), "\n  %s ", column);
	found = begin != NULL ? strstr(begin, pattern) : NULL;
	return found != NULL && end != NULL && found < end ? found + strlen(pattern) : NULL;
}

static bool
is_type(const Field *field, const char *type)
{
	static const char *const types[][3] = {
		[FIELD_TEXT] = {"text COLLATE", "text,"}, [FIELD_NAME] = {"text COLLATE"}, [FIELD_NUMBER] = {"numeric", "bigint"}, [FIELD_BOOLEAN] = {"boolean"},
		[FIELD_DATE] = {"date"}, [FIELD_TIME] = {"timestamptz"}, [FIELD_TEXTS] = {"text[]", "jsonb"}, [FIELD_DOCUMENT] = {"jsonb"},
	};

	for (int i = 0; i < 3 && types[field->type][i] != NULL; i++)
		if (strncmp(type, types[field->type][i], strlen(types[field->type][i])) == 0)
			return true;
	return false;
}

static void
check_table(const Schema *schema, const char *path)
{
	Text		sql = {0};
	bool		good = ok(read_file(path, &sql), "%s is there", path);

	for (int i = 0; good && i < schema->nfields; i++)
	{
		const char *type = type_of(&sql, schema->object, schema->fields[i].column);

		ok(type != NULL && is_type(&schema->fields[i], type), "%s.%s is what the table has: %.*s", schema->object, schema->fields[i].name,
		   type != NULL ? (int) strcspn(type, ",\n") : 0, type != NULL ? type : "");
	}
	text_free(&sql);
}

/* Every line {value, "NAME", "CODE", "OTHER"} of a table of names in the extension's source. */
static void
check_names(const char *path, const char *table, const char *names)
{
	Text		source = {0};
	char		pattern[64];
	const char *at;
	int			count = 0;
	bool		good = true;

	snprintf(pattern, sizeof(pattern), "%s[] = {", table);
	if (!read_file(path, &source) || (at = strstr(source.data, pattern)) == NULL)
	{
		ok(false, "%s is in %s", table, path);
		text_free(&source);
		return;
	}
	for (at = strchr(at, '\n') + 1; *at != '}' && *at != '\0'; at = strchr(at, '\n') + 1)
	{
		Span		line = {at, strcspn(at, "\n")};
		Span		first = {NULL, 0};

		for (int part = 0; span_cut(&line, '"').data != NULL && line.len > 0; part++)
		{
			Span		said = span_cut(&line, '"');
			Span		found;

			first = part == 0 ? said : first;
			good &= names_find(names, said, &found) && found.len == first.len && memcmp(found.data, first.data, first.len) == 0;
			count++;
		}
	}
	ok(good && count > 2, "%s: %d names and codes mean the same", table, count);
	text_free(&source);
}

static const char *
names_of(const Schema *schema, const char *field)
{
	return schema->fields[schema_field(schema, span_of(field))].names;
}

int
main(void)
{
	check_table(&schema_orders, "../../sql/20_orders.sql");
	check_table(&schema_executions, "../../sql/21_executions.sql");
	check_table(&schema_quote_requests, "../../sql/25_quotes.sql");
	check_table(&schema_quotes, "../../sql/25_quotes.sql");
	check_names("../../src/core/order/order_record.c", "oms_order_status_names", names_of(&schema_orders, "status"));
	check_names("../../src/core/order/order_record.c", "oms_condition_names", names_of(&schema_orders, "conditions"));
	check_names("../../src/core/order/order_record.c", "oms_desk_status_names", names_of(&schema_orders, "deskStatus"));
	check_names("../../src/core/kind.c", "oms_flag_names", names_of(&schema_orders, "flags"));
	check_names("../../src/base/names.c", "oms_side_names", names_of(&schema_orders, "side"));
	check_names("../../src/base/names.c", "oms_ord_type_names", names_of(&schema_orders, "ordType"));
	check_names("../../src/base/names.c", "oms_time_in_force_names", names_of(&schema_orders, "timeInForce"));
	check_names("../../src/base/names.c", "oms_comm_type_names", names_of(&schema_executions, "commType"));
	check_names("../../src/base/names.c", "oms_last_capacity_names", names_of(&schema_executions, "lastCapacity"));
	check_names("../../src/base/names.c", "oms_dk_reason_names", names_of(&schema_executions, "dkReason"));
	check_names("../../src/core/command_list.c", "oms_exec_type_names", names_of(&schema_executions, "execType"));
	check_names("../../src/core/execution/execution_record.c", "oms_execution_status_names", names_of(&schema_executions, "status"));
	check_names("../../src/core/quote/quote_record.c", "oms_quote_status_names", names_of(&schema_quotes, "status"));
	check_names("../../src/core/quote/quote_record.c", "oms_quote_type_names", names_of(&schema_quotes, "quoteType"));
	check_names("../../src/core/quote_request/quote_request_record.c", "oms_quote_request_status_names", names_of(&schema_quote_requests, "status"));
	return done();
}
