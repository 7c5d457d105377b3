/*
 * debezium/bridge/options_file.h
 *     The configuration file: "name = value" lines, comments, includes. For options.c only.
 */
#ifndef OPTIONS_FILE_H
#define OPTIONS_FILE_H

#include "options_table.h"

/*
 * Reads the file and what it includes into *options. In *warnings: one line each for what is allowed but unwise, to be
 * logged once it is known how. The problem says file and line.
 */
extern bool options_file_read(const char *path, Options *options, Text *warnings, Problem *problem);

#endif
