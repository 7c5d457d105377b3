/*
 * gateway/pure/jwt.h
 *     JSON Web Tokens (RFC 7519, signed as RFC 7515 says) and the sets of keys that they are signed with (RFC 7517).
 *
 * What a token says is read here, and whether it may say it; whether it was signed, GnuTLS says (server/keys.h), and nothing of a
 * token is believed before that. RS256, ES256 and EdDSA (Ed25519), nothing else: no "none", no secrets that two know.
 */
#ifndef JWT_H
#define JWT_H

#include "refused.h"

typedef enum JwtAlgorithm
{
	JWT_RS256,
	JWT_ES256,
	JWT_EDDSA
} JwtAlgorithm;

#define JWT_SIZE_MAX 8192		/* bytes of a token */
#define JWT_NAME_SIZE 128		/* of a kid */
#define JWT_WHO_SIZE 64			/* of what the claim says who it is: as a name in PostgreSQL */

typedef struct Jwt
{
	JwtAlgorithm algorithm;
	char		kid[JWT_NAME_SIZE];	/* empty: it names no key */
	Span		signed_part;	/* in the token */
	Text		signature;
	Text		claims;			/* a JSON object */
} Jwt;

/* Its parts. Fills *jwt, which jwt_free() clears, also when it is refused: 401. */
extern bool jwt_read(Span token, Jwt *jwt, Refused *refused);
extern void jwt_free(Jwt *jwt);

typedef struct JwtRules
{
	const char *issuer;			/* what iss must be */
	const char *audience;		/* what aud must be, or have among others */
	const char *who;			/* the claim that says who it is */
	int			leeway_s;		/* how far clocks may be apart */
} JwtRules;

/* Whether the claims hold now (seconds since 1970), and who it is and until when. iss, aud and exp must be there. 401. */
extern bool jwt_check(const Jwt *jwt, const JwtRules *rules, int64_t now, char who[JWT_WHO_SIZE], int64_t *until, Refused *refused);

/* One public key. */
typedef struct Jwk
{
	JwtAlgorithm algorithm;
	char		kid[JWT_NAME_SIZE];	/* empty: it has none */
	Text		first;			/* n of RSA, x of the others; bytes */
	Text		second;			/* e of RSA, y of P-256 */
} Jwk;

typedef struct JwkSet
{
	Jwk		   *keys;
	size_t		count;
	size_t		passed_over;	/* keys that are for something else */
} JwkSet;

/*
 * A set of keys: {"keys": [...]}. Keys of other kinds are passed over; refused is what is no set, a damaged or a weak key, one that has its
 * private half with it, two of one name, and a set without a key for us. Fills *set, which jwk_set_free() clears, also when it is refused.
 */
extern bool jwk_set_read(Span json, JwkSet *set, Refused *refused);
extern void jwk_set_free(JwkSet *set);

/* The key that a token was signed with by its own word: of its name, or the only one of its algorithm where it names none. NULL: none. */
extern const Jwk *jwk_find(const JwkSet *set, const Jwt *jwt);

#endif
