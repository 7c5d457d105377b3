/*
 * gateway/server/tls.c
 *     TLS on the ports.
 *
 * libmicrohttpd and GnuTLS speak it; libmicrohttpd asks for a client's certificate where it is told who signs them, and takes any: whether it
 * is good is asked here, at each request, so one that has expired meanwhile is good no longer.
 */
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "log.h"

#define FILE_MAX (1024 * 1024)

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
is_pair(const TlsFiles *files, Problem *problem)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t certificate = {(unsigned char *) files->certificate, (unsigned) strlen(files->certificate)};
	gnutls_datum_t key = {(unsigned char *) files->key, (unsigned) strlen(files->key)};
	gnutls_datum_t clients = {(unsigned char *) files->clients, files->clients != NULL ? (unsigned) strlen(files->clients) : 0};
	int			code = gnutls_certificate_allocate_credentials(&credentials);

	if (code == 0)
	{
		code = gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
		if (code >= 0 && files->clients != NULL)
		{
			int			count = gnutls_certificate_set_x509_trust_mem(credentials, &clients, GNUTLS_X509_FMT_PEM);

			code = count > 0 ? 0 : count < 0 ? count : GNUTLS_E_NO_CERTIFICATE_FOUND;
		}
		gnutls_certificate_free_credentials(credentials);
	}
	if (code < 0)
		return problem_set(problem, REMEDY_STOP, "tls.certificate has the certificate and its chain, tls.key its key, tls.clients who signs those of clients; all in PEM",
						   "the files for TLS are no good: %s", gnutls_strerror(code));
	return true;
}

bool
tls_read(const char *certificate, const char *key, const char *clients, TlsFiles *files, Problem *problem)
{
	*files = (TlsFiles) {NULL};
	if (certificate[0] == '\0')
		return true;
	files->certificate = read_file("tls.certificate", certificate, false, problem);
	files->key = files->certificate != NULL ? read_file("tls.key", key, true, problem) : NULL;
	if (files->key != NULL && clients[0] != '\0')
		files->clients = read_file("tls.clients", clients, false, problem);
	if (files->key != NULL && (clients[0] == '\0' || files->clients != NULL) && is_pair(files, problem))
		return true;
	tls_wipe(files);
	return false;
}

void
tls_wipe(TlsFiles *files)
{
	if (files->key != NULL)
		explicit_bzero(files->key, strlen(files->key));
	free(files->key);
	free(files->certificate);
	free(files->clients);
	*files = (TlsFiles) {NULL};
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
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_session_t session = info != NULL ? info->tls_session : NULL;
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *) GNUTLS_KP_TLS_WWW_CLIENT, .size = 0};
	unsigned	count;
	unsigned	status = 0;

	if (session == NULL || gnutls_certificate_get_peers(session, &count) == NULL || count == 0)
		*why = "no certificate of a client was shown";
	else if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) != 0 || status != 0)
		*why = "the client's certificate is not good";
	else if (!common_name(session, name, size))
		*why = "the client's certificate has no common name that is one";
	else
		return true;
	return false;
}
