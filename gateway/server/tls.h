/*
 * gateway/server/tls.h
 *     TLS on the ports: whose certificate is shown, and who a client is by his.
 */
#ifndef TLS_H
#define TLS_H

#include <gnutls/abstract.h>
#include <microhttpd.h>

#include "base.h"

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

/*
 * Reads the files that are named, and whether key and certificate are a pair; they are in force for the handshakes that begin from now on.
 * No certificate is named: no TLS. False: what was in force stays.
 */
extern bool tls_load(const char *certificate, const char *key, const char *clients, Problem *problem);
extern void tls_end(void);
extern bool tls_is_on(void);
/* PEM: who signs certificates of clients; NULL: they are not asked for one. */
extern const char *tls_clients(void);

/* For libmicrohttpd: the pair of a handshake. */
extern int	tls_choose(gnutls_session_t session, const gnutls_datum_t *names, int nnames, const gnutls_pk_algorithm_t *algorithms, int nalgorithms,
					   gnutls_pcert_st **chain, unsigned int *count, gnutls_privkey_t *key);
/* A connection is there, and its handshake not yet. */
extern void tls_begin(struct MHD_Connection *connection);

/* The common name of the certificate that a client has shown, if it is good now and for clients; else why not, and false. */
extern bool tls_client_name(struct MHD_Connection *connection, char *name, size_t size, const char **why);

#endif
