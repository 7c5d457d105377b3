/*
 * gateway/server/tokens.c
 *     Who asks, by a token.
 *
 * Nothing of a token counts before its signature holds. What its claim says is the role, or what jwt.roles makes of it: then nobody
 * else is let in.
 */
#include "tokens.h"

#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "identity.h"
#include "keys.h"
#include "log.h"

static const Options *options;
static Keys *keys;
static JwtRules token_rules;

static void
tokens_take(const Options *given, Keys *read)
{
	keys_free(keys);
	keys = read;
	options = given;
	token_rules = (JwtRules) {.issuer = given->jwt_issuer, .audience = given->jwt_audience, .who = given->jwt_claim, .leeway_s = (int) (given->jwt_leeway_ms / 1000)};
	log_info("tokens: %d keys of %s", keys_count(keys), given->jwt_keys);
}

bool
tokens_reload(const Options *given, Problem *problem)
{
	Keys	   *read = keys_read(given->jwt_keys, problem);

	if (read != NULL)
		tokens_take(given, read);
	return read != NULL;
}

bool
tokens_start(const Options *given, Problem *problem)
{
	return tokens_reload(given, problem);
}

void
tokens_end(void)
{
	keys_free(keys);
	keys = NULL;
}

/* "alice=trader_a, bob=desk_b": the role of who it is. Without a list he is a role himself. */
static bool
tokens_role(const char *who, char *role, size_t size)
{
	Span		rest = span_of(options->jwt_roles);

	if (rest.len == 0)
	{
		if (!identity_is_name(span_of(who)))
			return false;
		snprintf(role, size, "%s", who);
		return true;
	}
	while (rest.len > 0)
	{
		Span		to = span_trim(span_cut(&rest, ','));
		Span		from = span_trim(span_cut(&to, '='));

		to = span_trim(to);
		if (!span_is(from, who) || !identity_is_name(to))
			continue;
		snprintf(role, size, "%.*s", (int) to.len, to.data);
		return true;
	}
	return false;
}

bool
tokens_find(Request *request, Refused *refused)
{
	Identity   *identity = &request->identity;
	char		who[JWT_WHO_SIZE];
	char		buffer[SHOWN_SIZE];
	Span		header;
	Jwt			jwt = {.kid = ""};
	bool		good;

	if (!guard_header(&request->head, "Authorization", &header, refused))
		return false;
	if (header.len <= strlen("Bearer ") || strncasecmp(header.data, "Bearer ", strlen("Bearer ")) != 0)
		return refuse(refused, 401, "who asks brings a token: Authorization: Bearer ...");
	good = jwt_read(span_trim((Span) {header.data + strlen("Bearer "), header.len - strlen("Bearer ")}), &jwt, refused) &&
		keys_verify(keys, &jwt, refused) && jwt_check(&jwt, &token_rules, wall_us() / 1000000, who, &identity->until_s, refused);
	jwt_free(&jwt);
	if (!good)
		return false;
	if (!tokens_role(who, identity->role_room, sizeof identity->role_room))
		return refuse(refused, 403, "%s has no role here", shown(span_of(who), buffer));
	identity->role = identity->role_room;
	return true;
}
