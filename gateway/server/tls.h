/*
 * gateway/server/tls.h
 *     TLS on the ports: whose certificate is shown, and who a client is by his.
 */
#ifndef TLS_H
#define TLS_H

#include <microhttpd.h>

#include "base.h"

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

/* PEM texts; NULL: none. */
typedef struct TlsFiles
{
	char	   *certificate;	/* with its chain */
	char	   *key;
	char	   *clients;		/* who signs certificates of clients */
} TlsFiles;

/* Reads the files that are named (empty: none), and whether key and certificate are a pair. */
extern bool tls_read(const char *certificate, const char *key, const char *clients, TlsFiles *files, Problem *problem);
extern void tls_wipe(TlsFiles *files);

/* The common name of the certificate that a client has shown, if it is good now and for clients; else why not, and false. */
extern bool tls_client_name(struct MHD_Connection *connection, char *name, size_t size, const char **why);

#endif
