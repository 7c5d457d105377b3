/*
 * gateway/server/streams.h
 *     What users look at, live: streams of server-sent events, each with its views.
 *
 * A stream is its user's alone: another one's id is unknown. What he may see is asked as him when it is opened, and again and again while it
 * runs; what cannot be found out ends it.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include "options.h"
#include "request.h"

extern void streams_start(const Options *options);
extern void streams_drain(void);	/* they end: a client comes again elsewhere */
/* Who reads one is to come again, and to say again who he is: what that is believed by has changed. */
extern void streams_ask_again(void);
extern void streams_end(void);
extern int	streams_count(void);

extern void streams_open(Request *request);		/* POST /live */
extern void streams_attach(Request *request);	/* GET /live/{id} */
extern void streams_views(Request *request);	/* POST /live/{id}/views */
extern void streams_export(Request *request);	/* GET /live/{id}/views/{view}.csv */

#endif
