/*
 * common/settings_table.c
 *     The table of a program's settings: finding a row by its name, and --help.
 */
#include "settings.h"

static char
name_char(char c)
{
	return c == '-' || c == '_' ? '.' : c;
}

static bool
names_equal(const char *a, const char *b)
{
	for (; *a != '\0' && name_char(*a) == name_char(*b); a++, b++)
		;
	return *a == '\0' && *b == '\0';
}

const SettingRow *
setting_find(const SettingTable *table, const char *name)
{
	for (int i = 0; i < table->count; i++)
		if (names_equal(table->rows[i].name, name))
			return &table->rows[i];
	return NULL;
}

const FormerSetting *
setting_former(const SettingTable *table, const char *name)
{
	for (const FormerSetting *former = table->former; former != NULL && former->name != NULL; former++)
		if (names_equal(former->name, name))
			return former;
	return NULL;
}

/* What stands behind the name: the choices, or what kind of value. */
static void
add_argument(Text *text, const SettingRow *row)
{
	static const char *const arguments[] = {
		[SETTING_TEXT] = "TEXT", [SETTING_DSN] = "TEXT", [SETTING_SECRET] = "TEXT", [SETTING_NUMBER] = "N", [SETTING_BYTES] = "BYTES", [SETTING_TIME] = "TIME",
	};

	if (row->kind == SETTING_FLAG)
		text_puts(text, "[=on|off]");
	else if (row->choices == NULL)
		text_printf(text, " %s", arguments[row->kind]);
	else
		for (int i = 0; row->choices[i] != NULL; i++)
			text_printf(text, "%s%s", i == 0 ? " " : "|", row->choices[i]);
}

void
settings_help(const SettingTable *table, Text *text)
{
	text_puts(text, table->help_head);
	for (int i = 0; i < table->count; i++)
	{
		const SettingRow *row = &table->rows[i];

		if (row->group != NULL)
			text_printf(text, "\n%s\n", row->group);
		text_printf(text, "  --%s", row->name);
		add_argument(text, row);
		text_printf(text, "%s\n        %s", row->reloadable ? " *" : "", row->help);
		if (row->value[0] != '\0')
			text_printf(text, " (default %s)", row->value);
		text_puts(text, "\n");
	}
	text_puts(text, table->help_tail);
}
