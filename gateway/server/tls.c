/*
 * gateway/server/tls.c
 *     TLS on the ports.
 *
 * libmicrohttpd and GnuTLS speak it; libmicrohttpd asks for a client's certificate where it is told who signs them, and takes any: whether it
 * is good is asked here, at each request, so one that has expired meanwhile is good no longer. It asks us for our own in each handshake, so what
 * a reload has read counts for the next one; what it had chosen before stays until no handshake can have it still.
 */
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "log.h"

#define FILE_MAX (1024 * 1024)
#define CHAIN_MAX 16
/* No handshake that began before is still going on: one that hangs ends by head.timeout, which is an hour at most, and a look every half second. */
#define HANDSHAKE_US (INT64_C(3660) * 1000000)
/* Keys and signatures that are worth 112 bits (RSA 2048): what the rest of the system asks of a certificate too. */
#define STRONG GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM)

typedef struct TlsPair
{
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned	count;
	gnutls_privkey_t key;
	gnutls_x509_trust_list_t clients;	/* who signs those of clients; NULL: none is asked for */
	char	   *clients_pem;
	int64_t		retired_us;
	struct TlsPair *next;		/* one that was in force before */
} TlsPair;

static TlsPair *in_force;		/* NULL: no TLS */

/* NULL with a problem. Its own byte behind the end, so that it is a text. */
static char *
read_file(const char *setting, const char *name, bool secret, Problem *problem)
{
	int			fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char	   *text = NULL;
	ssize_t		got = -1;

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 && status.st_size <= FILE_MAX)
	{
		text = must_alloc((size_t) status.st_size + 1);
		got = read(fd, text, (size_t) status.st_size);
		text[got > 0 ? got : 0] = '\0';
		if (secret && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
			log_warning("%s: %s can be read by others", setting, name);
	}
	if (got <= 0)
	{
		problem_set(problem, REMEDY_STOP, "name a file in PEM that the gateway's user can read", "%s: cannot read %.200s: %s", setting, name,
					fd < 0 || got < 0 ? strerror(errno != 0 ? errno : EINVAL) : "it is empty");
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

static bool
tls_wrong(int code, Problem *problem)
{
	return problem_set(problem, REMEDY_STOP, "tls.certificate has the certificate and its chain, tls.key its key, tls.clients who signs those of clients; all in PEM",
					   "the files for TLS are no good: %s", gnutls_strerror(code));
}

static gnutls_datum_t
tls_datum(const char *text)
{
	return (gnutls_datum_t) {(unsigned char *) text, (unsigned) strlen(text)};
}

/* 0, or what GnuTLS has against the pair. */
static int
tls_check_pair(gnutls_datum_t certificate, gnutls_datum_t key)
{
	gnutls_certificate_credentials_t credentials;
	int			code = gnutls_certificate_allocate_credentials(&credentials);

	if (code < 0)
		return code;
	code = gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	return code < 0 ? code : 0;
}

static int
tls_take_pair(TlsPair *pair, gnutls_datum_t certificate, gnutls_datum_t key)
{
	unsigned	count = CHAIN_MAX;
	int			code = tls_check_pair(certificate, key);

	if (code == 0)
		code = gnutls_pcert_list_import_x509_raw(pair->chain, &count, &certificate, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);
	if (code < 0)
		return code;
	pair->count = count;
	code = gnutls_privkey_init(&pair->key);
	return code < 0 ? code : gnutls_privkey_import_x509_raw(pair->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
}

static int
tls_take_clients(TlsPair *pair)
{
	gnutls_datum_t pem;
	int			count;

	if (pair->clients_pem == NULL)
		return 0;
	pem = tls_datum(pair->clients_pem);
	count = gnutls_x509_trust_list_init(&pair->clients, 0);
	if (count < 0)
		return count;
	count = gnutls_x509_trust_list_add_trust_mem(pair->clients, &pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	return count > 0 ? 0 : count < 0 ? count : GNUTLS_E_NO_CERTIFICATE_FOUND;
}

static void
tls_free(TlsPair *pair)
{
	for (unsigned i = 0; i < pair->count; i++)
		gnutls_pcert_deinit(&pair->chain[i]);
	if (pair->key != NULL)
		gnutls_privkey_deinit(pair->key);
	if (pair->clients != NULL)
		gnutls_x509_trust_list_deinit(pair->clients, 1);
	free(pair->clients_pem);
	free(pair);
}

/* NULL with a problem. */
static TlsPair *
tls_read(const char *certificate, const char *key, const char *clients, Problem *problem)
{
	TlsPair    *pair = must_alloc(sizeof *pair);
	char	   *certificate_pem = read_file("tls.certificate", certificate, false, problem);
	char	   *key_pem = certificate_pem != NULL ? read_file("tls.key", key, true, problem) : NULL;
	bool		fine = key_pem != NULL;

	*pair = (TlsPair) {.count = 0};
	if (fine && clients[0] != '\0')
		fine = (pair->clients_pem = read_file("tls.clients", clients, false, problem)) != NULL;
	if (fine)
	{
		int			code = tls_take_pair(pair, tls_datum(certificate_pem), tls_datum(key_pem));

		if (code >= 0)
			code = tls_take_clients(pair);
		fine = code >= 0 || tls_wrong(code, problem);
	}
	if (key_pem != NULL)
		explicit_bzero(key_pem, strlen(key_pem));
	free(key_pem);
	free(certificate_pem);
	if (fine)
		return pair;
	tls_free(pair);
	return NULL;
}

/* Those whose last handshake is over. */
static void
tls_free_retired(int64_t before_us)
{
	TlsPair   **at = &in_force;

	while (*at != NULL)
	{
		TlsPair    *pair = *at;

		if (pair != in_force && pair->retired_us <= before_us)
		{
			*at = pair->next;
			tls_free(pair);
		}
		else
			at = &pair->next;
	}
}

bool
tls_load(const char *certificate, const char *key, const char *clients, Problem *problem)
{
	TlsPair    *pair = certificate[0] != '\0' ? tls_read(certificate, key, clients, problem) : NULL;

	if (pair == NULL)
		return certificate[0] == '\0';
	if (in_force != NULL)
		in_force->retired_us = ticks_us();
	pair->next = in_force;
	in_force = pair;
	tls_free_retired(ticks_us() - HANDSHAKE_US);
	return true;
}

void
tls_end(void)
{
	while (in_force != NULL)
	{
		TlsPair    *pair = in_force;

		in_force = pair->next;
		tls_free(pair);
	}
}

bool
tls_is_on(void)
{
	return in_force != NULL;
}

const char *
tls_clients(void)
{
	return in_force != NULL ? in_force->clients_pem : NULL;
}

int
tls_choose(gnutls_session_t session, const gnutls_datum_t *names, int nnames, const gnutls_pk_algorithm_t *algorithms, int nalgorithms,
		   gnutls_pcert_st **chain, unsigned int *count, gnutls_privkey_t *key)
{
	(void) session;
	(void) names;
	(void) nnames;
	(void) algorithms;
	(void) nalgorithms;
	*chain = in_force->chain;
	*count = in_force->count;
	*key = in_force->key;
	return 0;
}

static gnutls_session_t
tls_session(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info != NULL ? info->tls_session : NULL;
}

/* Whose signatures are good is not told: libmicrohttpd knows those of the start. */
void
tls_begin(struct MHD_Connection *connection)
{
	gnutls_session_t session = tls_session(connection);

	if (session != NULL)
		gnutls_certificate_send_x509_rdn_sequence(session, 1);
}

/* Signed by one of those who are trusted now, for a client, and not expired. */
static bool
tls_is_good(const gnutls_datum_t *shown, unsigned count)
{
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *) GNUTLS_KP_TLS_WWW_CLIENT, .size = 0};
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned	opened = 0;
	unsigned	status = 1;
	bool		fine = count <= CHAIN_MAX && in_force->clients != NULL;

	while (fine && opened < count)
	{
		fine = gnutls_x509_crt_init(&chain[opened]) == 0;
		if (fine)
		{
			fine = gnutls_x509_crt_import(chain[opened], &shown[opened], GNUTLS_X509_FMT_DER) == 0;
			opened++;
		}
	}
	fine = fine && gnutls_x509_trust_list_verify_crt2(in_force->clients, chain, count, &purpose, 1, STRONG, &status, NULL) == 0 && status == 0;
	while (opened > 0)
		gnutls_x509_crt_deinit(chain[--opened]);
	return fine;
}

/* The common name of the first certificate that was shown. */
static bool
common_name(gnutls_session_t session, char *name, size_t size)
{
	unsigned	count;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(session, &count);
	gnutls_x509_crt_t certificate;
	bool		found;

	if (shown == NULL || count == 0 || gnutls_x509_crt_init(&certificate) != 0)
		return false;
	found = gnutls_x509_crt_import(certificate, &shown[0], GNUTLS_X509_FMT_DER) == 0 &&
		gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) == 0 &&
		memchr(name, '\0', size) == NULL && strlen(name) == size;
	gnutls_x509_crt_deinit(certificate);
	return found;
}

bool
tls_client_name(struct MHD_Connection *connection, char *name, size_t size, const char **why)
{
	gnutls_session_t session = tls_session(connection);
	unsigned	count = 0;
	const gnutls_datum_t *shown = session != NULL ? gnutls_certificate_get_peers(session, &count) : NULL;

	if (shown == NULL || count == 0)
		*why = "no certificate of a client was shown";
	else if (!tls_is_good(shown, count))
		*why = "the client's certificate is not good";
	else if (!common_name(session, name, size))
		*why = "the client's certificate has no common name that is one";
	else
		return true;
	return false;
}
