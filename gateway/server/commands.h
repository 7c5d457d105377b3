/*
 * gateway/server/commands.h
 *     The routes that write: commands, batches, FIX messages, services.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "request.h"

extern void command_run(Request *request);
extern void commands_run(Request *request);
extern void fix_run(Request *request);
extern void preview_run(Request *request);
extern void service_run(Request *request);

/* Asks which command belongs to which object, unless that is known; until it is, PostgreSQL alone says what is none. */
extern void commands_learn(Pool *pool);
extern void commands_end(void);

#endif
