/*
 * common/settings_inside.h
 *     What the parts of settings_*.c ask of one another. For them only.
 */
#ifndef SETTINGS_INSIDE_H
#define SETTINGS_INSIDE_H

#include "settings.h"

/*
 * Reads the file and what it includes into *settings. In *warnings: one line each for what is allowed but unwise, to be
 * logged once it is known how. The problem says file and line.
 */
extern bool settings_file_read(const SettingTable *table, const char *path, Settings *settings, Text *warnings, Problem *problem);
/* char *, whatever it means. */
extern bool setting_is_text(const SettingRow *row);

#endif
