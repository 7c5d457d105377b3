/*
 * gateway/pure/jwt.c
 *     What a JSON Web Token says, and whether it may.
 *
 * A member of a name that is read here stands there once, or the token is refused: who signs and who reads must not choose
 * differently between two.
 */
#include "jwt.h"

#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "bytes.h"
#include "json_parts.h"
#include "json_scan.h"

/* Seconds since 1970 have no more digits. */
#define DATE_DIGITS_MAX 12

static const char *const algorithm_names[] = {[JWT_RS256] = "RS256", [JWT_ES256] = "ES256", [JWT_EDDSA] = "EdDSA"};

#define ALGORITHMS ((int) (sizeof(algorithm_names) / sizeof(algorithm_names[0])))

static bool
jwt_is_json(const Text *text)
{
	char	   *room = must_alloc(SCAN_ROOM(text->len));
	JsonScan	scan;
	ScanValue	value;
	bool		good;

	scan_begin(&scan, text->data, text->len, room);
	good = scan_value(&scan, &value) && value.kind == SCAN_NESTED && scan_end(&scan);
	free(room);
	return good;
}

/* The only member of this name; NULL data where there is none. False: there are two. */
static bool
jwt_member(Span json, const char *name, Span *value)
{
	JsonParts	parts;
	Span		key;
	Span		one;

	*value = (Span) {NULL, 0};
	if (!parts_begin(&parts, json))
		return false;
	while (parts_next(&parts, &key, &one))
	{
		if (!parts_means(key, name))
			continue;
		if (value->data != NULL)
			return false;
		*value = one;
	}
	return parts_end(&parts);
}

/* A string of at least one character and no zero, with room for its end. */
static bool
jwt_string(Span value, char *room, size_t size)
{
	Text		text = {0};
	bool		good = value.data != NULL && parts_string(value, &text) && text.len > 0 && text.len < size;

	if (good)
		memcpy(room, text.data, text.len + 1);
	text_free(&text);
	return good;
}

static bool
jwt_read_header(Span header, Jwt *jwt, Refused *refused)
{
	Span		alg;
	Span		kid;
	Span		typ;
	Span		crit;
	char		type[32];
	int			algorithm = 0;

	if (!jwt_member(header, "alg", &alg) || !jwt_member(header, "kid", &kid) || !jwt_member(header, "typ", &typ) || !jwt_member(header, "crit", &crit))
		return refuse(refused, 401, "the token's header is damaged");
	while (algorithm < ALGORITHMS && !(alg.len > 1 && parts_means((Span) {alg.data + 1, alg.len - 2}, algorithm_names[algorithm]) && alg.data[0] == '"'))
		algorithm++;
	if (algorithm == ALGORITHMS)
		return refuse(refused, 401, "tokens are signed with RS256, ES256 or EdDSA");
	jwt->algorithm = (JwtAlgorithm) algorithm;
	if (kid.data != NULL && !jwt_string(kid, jwt->kid, sizeof(jwt->kid)))
		return refuse(refused, 401, "the token's kid is none");
	if (typ.data != NULL && (!jwt_string(typ, type, sizeof(type)) ||
							 (strcasecmp(type, "JWT") != 0 && strcasecmp(type, "at+jwt") != 0 && strcasecmp(type, "application/at+jwt") != 0)))
		return refuse(refused, 401, "this is a token for something else");
	if (crit.data != NULL)
		return refuse(refused, 401, "the token has extensions that must be understood");
	return true;
}

bool
jwt_read(Span token, Jwt *jwt, Refused *refused)
{
	Span		rest = token;
	Span		header = span_cut(&rest, '.');
	Span		claims = span_cut(&rest, '.');
	Text		text = {0};
	bool		good;

	*jwt = (Jwt) {.kid = ""};
	if (token.len > JWT_SIZE_MAX)
		return refuse(refused, 401, "the token has more than %d bytes", JWT_SIZE_MAX);
	jwt->signed_part = (Span) {token.data, header.len + 1 + claims.len};
	if (header.len == 0 || claims.len == 0 || rest.len == 0 || !base64url_decode(header, &text) || !jwt_is_json(&text) ||
		!base64url_decode(claims, &jwt->claims) || !jwt_is_json(&jwt->claims) || !base64url_decode(rest, &jwt->signature))
	{
		text_free(&text);
		return refuse(refused, 401, "this is no token");
	}
	good = jwt_read_header((Span) {text.data, text.len}, jwt, refused);
	text_free(&text);
	return good;
}

void
jwt_free(Jwt *jwt)
{
	text_free(&jwt->signature);
	text_free(&jwt->claims);
}

/* Seconds since 1970; parts of one are cut off. */
static bool
jwt_date(Span value, int64_t *date)
{
	size_t		i = 0;

	*date = 0;
	for (; i < value.len && value.data[i] >= '0' && value.data[i] <= '9'; i++)
	{
		if (i == DATE_DIGITS_MAX)
			return false;
		*date = *date * 10 + (value.data[i] - '0');
	}
	if (i == 0 || i == value.len)
		return i > 0;
	if (value.data[i] != '.')
		return false;
	while (++i < value.len)
		if (value.data[i] < '0' || value.data[i] > '9')
			return false;
	return true;
}

static bool
jwt_string_is(Span value, const char *expected)
{
	return value.len >= 2 && value.data[0] == '"' && parts_means((Span) {value.data + 1, value.len - 2}, expected);
}

static bool
jwt_is_for(Span aud, const char *audience)
{
	JsonParts	parts;
	Span		one;
	bool		found = false;

	if (aud.data == NULL || aud.data[0] != '[')
		return aud.data != NULL && jwt_string_is(aud, audience);
	if (parts_begin_array(&parts, aud))
		while (parts_element(&parts, &one))
			found = found || jwt_string_is(one, audience);
	return found;
}

static bool
jwt_check_dates(Span claims, const JwtRules *rules, int64_t now, int64_t *until, Refused *refused)
{
	Span		exp;
	Span		nbf;
	int64_t		date;

	if (!jwt_member(claims, "exp", &exp) || !jwt_member(claims, "nbf", &nbf))
		return refuse(refused, 401, "a claim of the token stands there twice");
	if (exp.data == NULL || !jwt_date(exp, &date))
		return refuse(refused, 401, "the token has no exp");
	*until = date + rules->leeway_s;
	if (now >= *until)
		return refuse(refused, 401, "the token has expired");
	if (nbf.data != NULL && !jwt_date(nbf, &date))
		return refuse(refused, 401, "the token's nbf is no time");
	if (nbf.data != NULL && now < date - rules->leeway_s)
		return refuse(refused, 401, "the token is not valid yet");
	return true;
}

bool
jwt_check(const Jwt *jwt, const JwtRules *rules, int64_t now, char who[JWT_WHO_SIZE], int64_t *until, Refused *refused)
{
	Span		claims = {jwt->claims.data, jwt->claims.len};
	Span		iss;
	Span		aud;
	Span		name;

	if (!jwt_member(claims, "iss", &iss) || !jwt_member(claims, "aud", &aud) || !jwt_member(claims, rules->who, &name))
		return refuse(refused, 401, "a claim of the token stands there twice");
	if (!jwt_check_dates(claims, rules, now, until, refused))
		return false;
	if (iss.data == NULL || !jwt_string_is(iss, rules->issuer))
		return refuse(refused, 401, "the token is of another issuer");
	if (!jwt_is_for(aud, rules->audience))
		return refuse(refused, 401, "the token is for another audience");
	if (!jwt_string(name, who, JWT_WHO_SIZE))
		return refuse(refused, 401, "the token's claim %s does not say who it is", rules->who);
	for (const char *c = who; *c != '\0'; c++)
		if ((unsigned char) *c < 0x20 || *c == 0x7F)
			return refuse(refused, 401, "the token's claim %s does not say who it is", rules->who);
	return true;
}
