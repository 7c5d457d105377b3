/*
 * gateway/server/keys.c
 *     The keys that tokens are signed with; GnuTLS does the arithmetic.
 *
 * A key verifies its own algorithm and no other, whatever a token says.
 */
#include "keys.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1024 * 1024)
#define ES256_HALF 32

struct Keys
{
	JwkSet		set;
	gnutls_pubkey_t *keys;		/* as many, in the same order */
	size_t		opened;
};

static const gnutls_sign_algorithm_t key_signs[] = {
	[JWT_RS256] = GNUTLS_SIGN_RSA_SHA256,
	[JWT_ES256] = GNUTLS_SIGN_ECDSA_SHA256,
	[JWT_EDDSA] = GNUTLS_SIGN_EDDSA_ED25519,
};

static gnutls_datum_t
key_datum(const Text *text)
{
	return (gnutls_datum_t) {(unsigned char *) text->data, (unsigned) text->len};
}

static int
key_open(const Jwk *jwk, gnutls_pubkey_t key)
{
	gnutls_datum_t first = key_datum(&jwk->first);
	gnutls_datum_t second = key_datum(&jwk->second);

	switch (jwk->algorithm)
	{
		case JWT_RS256:
			return gnutls_pubkey_import_rsa_raw(key, &first, &second);
		case JWT_ES256:
			return gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_SECP256R1, &first, &second);
		case JWT_EDDSA:
			return gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &first, NULL);
	}
	return GNUTLS_E_INVALID_REQUEST;
}

Keys *
keys_of(Span json, const char *path, Problem *problem)
{
	Keys	   *keys = must_alloc(sizeof *keys);
	Refused		refused = {0};

	*keys = (Keys) {.opened = 0};
	if (!jwk_set_read(json, &keys->set, &refused))
	{
		problem_set(problem, REMEDY_STOP, NULL, "%s: %s", path, refused.detail);
		keys_free(keys);
		return NULL;
	}
	keys->keys = must_alloc(keys->set.count * sizeof *keys->keys);
	for (size_t i = 0; i < keys->set.count; i++)
	{
		int			code = gnutls_pubkey_init(&keys->keys[i]);

		if (code == 0)
		{
			keys->opened++;
			code = key_open(&keys->set.keys[i], keys->keys[i]);
		}
		if (code != 0)
		{
			problem_set(problem, REMEDY_STOP, NULL, "%s: key \"%s\" cannot be used: %s", path, keys->set.keys[i].kid, gnutls_strerror(code));
			keys_free(keys);
			return NULL;
		}
	}
	return keys;
}

Keys *
keys_read(const char *path, Problem *problem)
{
	FILE	   *file = fopen(path, "re");
	Text		text = {0};
	char		block[4096];
	size_t		len;
	Keys	   *keys = NULL;

	if (file == NULL)
	{
		problem_set(problem, REMEDY_STOP, NULL, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	while (text.len <= FILE_BYTES_MAX && (len = fread(block, 1, sizeof block, file)) > 0)
		text_add(&text, block, len);
	if (ferror(file) || text.len > FILE_BYTES_MAX)
		problem_set(problem, REMEDY_STOP, NULL, "%s: %s", path, text.len > FILE_BYTES_MAX ? "it is no set of keys: it is too large" : "it cannot be read");
	else
		keys = keys_of((Span) {text.len > 0 ? text.data : "", text.len}, path, problem);
	fclose(file);
	text_free(&text);
	return keys;
}

int
keys_count(const Keys *keys)
{
	return (int) keys->set.count;
}

void
keys_free(Keys *keys)
{
	if (keys == NULL)
		return;
	for (size_t i = 0; i < keys->opened; i++)
		gnutls_pubkey_deinit(keys->keys[i]);
	free(keys->keys);
	jwk_set_free(&keys->set);
	free(keys);
}

/* JWS has the two halves of an ECDSA signature side by side, GnuTLS takes them as X.509 has them. */
static bool
key_signature(const Jwt *jwt, gnutls_datum_t *signature)
{
	gnutls_datum_t r = {(unsigned char *) jwt->signature.data, ES256_HALF};
	gnutls_datum_t s = {(unsigned char *) jwt->signature.data + ES256_HALF, ES256_HALF};

	*signature = key_datum(&jwt->signature);
	if (jwt->algorithm != JWT_ES256)
		return true;
	return jwt->signature.len == 2 * ES256_HALF && gnutls_encode_rs_value(signature, &r, &s) == 0;
}

bool
keys_verify(const Keys *keys, const Jwt *jwt, Refused *refused)
{
	const Jwk  *jwk = jwk_find(&keys->set, jwt);
	gnutls_datum_t data = {(unsigned char *) jwt->signed_part.data, (unsigned) jwt->signed_part.len};
	gnutls_datum_t signature;
	bool		good;

	if (jwk == NULL)
		return refuse(refused, 401, "the token is signed with a key that is not known here");
	if (!key_signature(jwt, &signature))
		return refuse(refused, 401, "the token's signature is none");
	good = gnutls_pubkey_verify_data2(keys->keys[jwk - keys->set.keys], key_signs[jwt->algorithm], 0, &data, &signature) >= 0;
	if (jwt->algorithm == JWT_ES256)
		gnutls_free(signature.data);
	return good || refuse(refused, 401, "the token's signature does not hold");
}
