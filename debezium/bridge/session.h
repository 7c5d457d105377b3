/*
 * debezium/bridge/session.h
 *     One session: from no connection at all to the end of the stream. Whatever breaks ends the session, and the next one
 *     begins from what PostgreSQL and Kafka say, not from memory.
 */
#ifndef SESSION_H
#define SESSION_H

#include "options.h"

/* True: asked to stop. False: problem says how it ended and what may help. *streamed: it came as far as the stream. */
extern bool session_run(Options *options, bool *streamed, Problem *problem);

#endif
