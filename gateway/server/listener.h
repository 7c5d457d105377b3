/*
 * gateway/server/listener.h
 *     libmicrohttpd in our loop, with the guard in front of every request and a limit for everything.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "guard.h"
#include "loop.h"
#include "sockets.h"
#include "tls.h"

typedef struct ListenerRules
{
	GuardRules	guard;
	uint64_t	batch_max;		/* bytes of the body of a batch; guard.body_max is for the others */
	uint64_t	bodies_max;		/* bytes of the bodies of all requests that are not answered yet */
	int			connections_max;
	int			address_max;	/* connections from one address */
	int64_t		head_ms;		/* a connection's first head must be there by then */
	int64_t		body_ms;
	int64_t		idle_ms;		/* between two requests, and for an answer that nobody takes */
} ListenerRules;

/* A connection of a client. */
typedef struct Peer
{
	struct MHD_Connection *mhd;
	int			fd;
	bool		local;			/* came by a Unix socket */
	bool		secure;			/* speaks TLS */
	char		address[ADDRESS_SIZE];
	char		client[ADDRESS_SIZE];	/* what counts as one address */
	int64_t		until_us;		/* it is closed then; 0: never, a request runs */
	bool		refused;		/* over a limit: its first request is answered with 503 */
	struct Peer *next;
	struct Peer *previous;
} Peer;

/*
 * TLS on those that are no Unix sockets, where there is any.
 * fds are listening sockets and are the listener's from now on. rules is kept and not copied: whoever changes it changes what holds.
 */
extern bool listener_start(const int *fds, int nfds, const ListenerRules *rules, Problem *problem);
/* A connection was resumed, or an answer is there: libmicrohttpd is to look. */
extern void listener_wake(void);
/* No new connections; those that are there get "Connection: close". */
extern void listener_drain(void);
extern bool listener_draining(void);
extern int	listener_connections(void);
extern uint64_t listener_bodies(void);	/* bytes of bodies that are held */
extern void listener_hold(uint64_t bytes);	/* of an answer: it is there, whether there was room for it or not */
extern void listener_let_go(uint64_t bytes);
extern void listener_stop(void);
extern const ListenerRules *listener_rules(void);

#endif
