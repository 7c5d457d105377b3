/*
 * gateway/pure/jwk.c
 *     Sets of public keys.
 */
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "bytes.h"
#include "json_parts.h"
#include "json_scan.h"
#include "jwt.h"

#define KEYS_MAX 100
#define RSA_BYTES_MIN (2048 / 8)
#define RSA_BYTES_MAX (8192 / 8)
#define EXPONENT_BYTES_MAX 8
#define POINT_BYTES 32

static const struct
{
	const char *kty;
	const char *crv;			/* NULL: it has none */
	const char *alg;
	JwtAlgorithm algorithm;
	const char *first;
	const char *second;			/* or NULL */
	size_t		first_min;
	size_t		first_max;
	size_t		second_min;
	size_t		second_max;
}			jwk_kinds[] = {
	{"RSA", NULL, "RS256", JWT_RS256, "n", "e", RSA_BYTES_MIN, RSA_BYTES_MAX, 1, EXPONENT_BYTES_MAX},
	{"EC", "P-256", "ES256", JWT_ES256, "x", "y", POINT_BYTES, POINT_BYTES, POINT_BYTES, POINT_BYTES},
	{"OKP", "Ed25519", "EdDSA", JWT_EDDSA, "x", NULL, POINT_BYTES, POINT_BYTES, 0, 0},
};

#define JWK_KINDS (sizeof(jwk_kinds) / sizeof(jwk_kinds[0]))

static bool
jwk_is_json(Span json)
{
	char	   *room = must_alloc(SCAN_ROOM(json.len));
	JsonScan	scan;
	ScanValue	value;
	bool		good;

	scan_begin(&scan, json.data, json.len, room);
	good = scan_value(&scan, &value) && scan_end(&scan);
	free(room);
	return good;
}

/* Whether a member says this; without the member, what it means that there is none. */
static bool
jwk_says(Span key, const char *name, const char *text, bool without)
{
	Span		value;

	if (!parts_find(key, name, &value))
		return without;
	return value.len >= 2 && value.data[0] == '"' && parts_means((Span) {value.data + 1, value.len - 2}, text);
}

/* Whether it may be used to verify. */
static bool
jwk_is_for_us(Span key)
{
	Span		operations;
	Span		one;
	JsonParts	parts;
	bool		verify = false;

	if (!jwk_says(key, "use", "sig", true))
		return false;
	if (!parts_find(key, "key_ops", &operations))
		return true;
	if (parts_begin_array(&parts, operations))
		while (parts_element(&parts, &one))
			verify = verify || span_is(one, "\"verify\"");
	return verify;
}

/* Its bytes, as many as they may be; of a number none of them is a zero in front. */
static bool
jwk_bytes(Span key, const char *name, size_t min, size_t max, Text *out)
{
	Span		value;
	Text		text = {0};
	bool		good;

	if (name == NULL)
		return true;
	good = parts_find(key, name, &value) && parts_string(value, &text) && base64url_decode((Span) {text.data, text.len}, out);
	text_free(&text);
	return good && out->len >= min && out->len <= max;
}

/* An exponent that is even, or one, verifies nothing. */
static bool
jwk_is_strong(const Jwk *key)
{
	const Text *n = &key->first;
	const Text *e = &key->second;

	if (key->algorithm != JWT_RS256)
		return true;
	return n->data[0] != 0 && (n->data[n->len - 1] & 1) != 0 && e->data[0] != 0 && (e->data[e->len - 1] & 1) != 0 && (e->len > 1 || e->data[0] != 1);
}

static bool
jwk_read(Span json, JwkSet *set, Refused *refused)
{
	Jwk		   *key;
	Span		kid;
	Text		name = {0};
	size_t		kind = 0;

	if (json.len == 0 || json.data[0] != '{')
		return refuse(refused, 500, "a key of the set is no object");
	while (kind < JWK_KINDS && !(jwk_says(json, "kty", jwk_kinds[kind].kty, false) && (jwk_kinds[kind].crv == NULL || jwk_says(json, "crv", jwk_kinds[kind].crv, false)) &&
								 jwk_says(json, "alg", jwk_kinds[kind].alg, true)))
		kind++;
	if (parts_find(json, "d", &kid) || jwk_says(json, "kty", "oct", false))
		return refuse(refused, 500, "the set has a private or secret key: what verifies needs the public half alone");
	if (kind == JWK_KINDS || !jwk_is_for_us(json))
	{
		set->passed_over++;
		return true;
	}
	if (set->count == KEYS_MAX)
		return refuse(refused, 500, "the set has more than %d keys", KEYS_MAX);
	set->keys = must_realloc(set->keys, (set->count + 1) * sizeof(Jwk));
	key = &set->keys[set->count++];
	*key = (Jwk) {.algorithm = jwk_kinds[kind].algorithm};
	if (parts_find(json, "kid", &kid))
	{
		bool		good = parts_string(kid, &name) && name.len > 0 && name.len < JWT_NAME_SIZE;

		if (good)
			memcpy(key->kid, name.data, name.len + 1);
		text_free(&name);
		if (!good)
			return refuse(refused, 500, "a kid of the set is no name of 1 to %d bytes", JWT_NAME_SIZE - 1);
	}
	if (!jwk_bytes(json, jwk_kinds[kind].first, jwk_kinds[kind].first_min, jwk_kinds[kind].first_max, &key->first) ||
		!jwk_bytes(json, jwk_kinds[kind].second, jwk_kinds[kind].second_min, jwk_kinds[kind].second_max, &key->second) || !jwk_is_strong(key))
		return refuse(refused, 500, "key \"%s\" of the set is damaged, or too short", key->kid);
	for (size_t i = 0; i + 1 < set->count; i++)
		if (strcmp(set->keys[i].kid, key->kid) == 0 && set->keys[i].algorithm == key->algorithm)
			return refuse(refused, 500, "two keys of the set are called \"%s\"", key->kid);
	return true;
}

bool
jwk_set_read(Span json, JwkSet *set, Refused *refused)
{
	Span		keys;
	Span		one;
	JsonParts	parts;

	*set = (JwkSet) {.count = 0};
	if (!jwk_is_json(json) || !parts_find(json, "keys", &keys) || !parts_begin_array(&parts, keys))
		return refuse(refused, 500, "this is no set of keys: {\"keys\": [...]}");
	while (parts_element(&parts, &one))
		if (!jwk_read(one, set, refused))
			return false;
	if (set->count == 0)
		return refuse(refused, 500, "the set has no key for RS256, ES256 or EdDSA");
	return true;
}

void
jwk_set_free(JwkSet *set)
{
	for (size_t i = 0; i < set->count; i++)
	{
		text_free(&set->keys[i].first);
		text_free(&set->keys[i].second);
	}
	free(set->keys);
	*set = (JwkSet) {.count = 0};
}

const Jwk *
jwk_find(const JwkSet *set, const Jwt *jwt)
{
	const Jwk  *found = NULL;

	for (size_t i = 0; i < set->count; i++)
	{
		if (set->keys[i].algorithm != jwt->algorithm)
			continue;
		if (jwt->kid[0] != '\0' ? strcmp(set->keys[i].kid, jwt->kid) != 0 : false)
			continue;
		if (found != NULL)
			return NULL;
		found = &set->keys[i];
	}
	return found;
}
