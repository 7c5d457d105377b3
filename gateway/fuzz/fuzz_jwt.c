/*
 * gateway/fuzz/fuzz_jwt.c
 *     Tokens and sets of keys: read or refused. What is one is a token as it came, or a header and claims that are made one.
 */
#include "fuzz.h"

#include "bytes.h"
#include "jwt.h"

static const JwtRules rules = {.issuer = "i", .audience = "a", .who = "sub", .leeway_s = 30};

static void
check_token(Span token, const JwkSet *set)
{
	Jwt			jwt;
	Refused		refused = {.status = 0};
	char		who[JWT_WHO_SIZE];
	int64_t		until;

	if (jwt_read(token, &jwt, &refused))
	{
		MUST(jwt.signed_part.len < token.len && is_json((Span) {jwt.claims.data, jwt.claims.len}));
		if (set != NULL)
			jwk_find(set, &jwt);
		if (jwt_check(&jwt, &rules, 1800000000, who, &until, &refused))
		{
			MUST(until > 1800000000);
			MUST(who[0] != '\0' && memchr(who, '\0', sizeof(who)) != NULL);
			MUST(strstr(jwt.claims.data, "exp") != NULL || strchr(jwt.claims.data, '\\') != NULL);
		}
		else
			MUST(refused.status == 401);
	}
	else
		MUST(refused.status == 401);
	jwt_free(&jwt);
}

static void
encode(Text *out, Span span)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned	bits = 0;
	int			count = 0;

	for (size_t i = 0; i < span.len; i++)
	{
		bits = bits << 8 | (unsigned char) span.data[i];
		for (count += 8; count >= 6; count -= 6)
			text_add(out, &digits[bits >> (count - 6) & 63], 1);
	}
	if (count > 0)
		text_add(out, &digits[bits << (6 - count) & 63], 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Span		text = exact_copy(data, size);
	Span		claims = text;
	Span		header = span_cut(&claims, '\n');
	JwkSet		set;
	Refused		refused = {.status = 0};
	Text		token = {0};
	bool		is_set = jwk_set_read(text, &set, &refused);

	if (is_set)
		MUST(set.count > 0);
	else
		check_refused(&refused);
	encode(&token, header);
	text_puts(&token, ".");
	encode(&token, claims);
	text_puts(&token, ".c2ln");
	check_token((Span) {token.data, token.len}, is_set ? &set : NULL);
	check_token(text, NULL);
	text_free(&token);
	jwk_set_free(&set);
	free((char *) text.data);
	return 0;
}
