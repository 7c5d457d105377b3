/*
 * gateway/test/jwt.c
 *     Tokens and sets of keys, without what signs them.
 *
 * Broken by: an algorithm that is not ours, a missing aud, iss or exp, a token that is valid for ever, a claim that stands there twice, a
 * second text for one value in base64url, a key that is weak, private or for something else.
 */
#include "jwt.h"

#include <stdlib.h>

#include "base64url.h"
#include "bytes.h"
#include "tap.h"

static const JwtRules rules = {.issuer = "https://issuer.example", .audience = "oms", .who = "sub", .leeway_s = 30};

#define NOW INT64_C(1800000000)

static void
encode(Text *out, const char *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned	bits = 0;
	int			count = 0;

	for (size_t i = 0; i < len; i++)
	{
		bits = bits << 8 | (unsigned char) data[i];
		for (count += 8; count >= 6; count -= 6)
			text_add(out, &digits[bits >> (count - 6) & 63], 1);
	}
	if (count > 0)
		text_add(out, &digits[bits << (6 - count) & 63], 1);
}

static void
check_base64url(void)
{
	static const char *const good[][2] = {{"", ""}, {"Zg", "f"}, {"Zm8", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg", "foob"}, {"Zm9vYmE", "fooba"}, {"Zm9vYmFy", "foobar"}, {"_-8", "\xFF\xEF"}};
	static const char *const wrong[] = {"Z", "Zg==", "Zh", "Zm9=", "Zm 9v", "Zm9v\n", "+/8", "Zm9vY", "Zm9", "\xC3\xA4zz"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
	{
		Text		out = {0};

		ok(base64url_decode(span_of(good[i][0]), &out), "\"%s\"", good[i][0]);
		is_str(out.data, good[i][1], "stands for it");
		text_free(&out);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		Text		out = {0};

		text_puts(&out, "x");
		ok(!base64url_decode(span_of(wrong[i]), &out), "not \"%s\"", wrong[i]);
		is_str(out.data, "x", "and nothing is added");
		text_free(&out);
	}
}

static Text token;
static Jwt	jwt;
static Refused refused;

static bool
read_token(const char *header, const char *claims)
{
	jwt_free(&jwt);
	text_clear(&token);
	encode(&token, header, strlen(header));
	text_puts(&token, ".");
	encode(&token, claims, strlen(claims));
	text_puts(&token, ".c2ln");
	refused = (Refused) {.status = 0};
	return jwt_read((Span) {token.data, token.len}, &jwt, &refused);
}

#define GOOD_CLAIMS "{\"iss\":\"https://issuer.example\",\"aud\":\"oms\",\"exp\":1800000100,\"sub\":\"alice\"}"

static void
check_headers(void)
{
	static const char *const good[] = {"{\"alg\":\"RS256\"}", "{\"alg\":\"ES256\",\"kid\":\"k\"}", "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", "{\"typ\":\"at+jwt\",\"alg\":\"RS256\"}",
		"{\"alg\":\"\\u0052S256\"}", "{\"alg\":\"RS256\",\"jku\":\"http://evil\",\"jwk\":{}}"};
	static const char *const wrong[] = {"{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":\"HS256\"}", "{\"alg\":\"RS512\"}", "{\"alg\":\"rs256\"}", "{\"alg\":\"\"}", "{\"alg\":null}", "{\"alg\":[\"RS256\"]}", "{}",
		"{\"alg\":\"RS256\",\"alg\":\"ES256\"}", "{\"alg\":\"RS256\",\"\\u0061lg\":\"ES256\"}", "{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", "{\"alg\":\"RS256\",\"kid\":7}", "{\"alg\":\"RS256\",\"kid\":\"\"}",
		"{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}", "{\"alg\":\"RS256\",\"typ\":7}", "[\"alg\",\"RS256\"]", "{\"alg\":\"RS256\"", "{\"alg\":\"RS256\"}x", "{alg:\"RS256\"}", "7", "\"RS256\""};
	static const char *const no_tokens[] = {"", ".", "..", "a.b", "e30.e30.", "e30..e30", ".e30.e30", "e30.e30.e30.e30", "e30.e30.e3", "e30.!.e30", "e30=.e30.e30", "eyJhbGciOiJSUzI1NiJ9.e30.%%%",
		"eyJhbGciOiJSUzI1NiJ9.e30.sig.", "eyJhbGciOiJSUzI1NiJ9.W10.c2ln "};
	char	   *longer = malloc(JWT_SIZE_MAX + 1);

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(read_token(good[i], GOOD_CLAIMS), "read: %s", good[i]);
	ok(read_token("{\"alg\":\"ES256\",\"kid\":\"k\\u0031\"}", GOOD_CLAIMS) && jwt.algorithm == JWT_ES256, "its parts");
	is_str(jwt.kid, "k1", "its key");
	is_str(jwt.claims.data, GOOD_CLAIMS, "its claims");
	is_bytes(jwt.signature.data, jwt.signature.len, "sig", 3, "its signature");
	ok(jwt.signed_part.data == token.data && jwt.signed_part.len == token.len - 5, "what was signed");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!read_token(wrong[i], GOOD_CLAIMS) && refused.status == 401, "refused: %s", wrong[i]);
	for (size_t i = 0; i < sizeof(no_tokens) / sizeof(no_tokens[0]); i++)
	{
		jwt_free(&jwt);
		ok(!jwt_read(span_of(no_tokens[i]), &jwt, &refused) && refused.status == 401, "no token: %s", no_tokens[i]);
	}
	memset(longer, 'a', JWT_SIZE_MAX + 1);
	jwt_free(&jwt);
	ok(!jwt_read((Span) {longer, JWT_SIZE_MAX + 1}, &jwt, &refused) && strstr(refused.detail, "more than") != NULL, "too long");
	free(longer);
}

static void
check_claims(void)
{
#define CLAIMS(iss, aud, exp, rest) "{\"iss\":" iss ",\"aud\":" aud ",\"exp\":" exp rest "}"
#define OURS "\"https://issuer.example\""
#define ALICE ",\"sub\":\"alice\""
	static const char *const good[] = {
		CLAIMS(OURS, "\"oms\"", "1800000001", ALICE), CLAIMS(OURS, "[\"x\",\"oms\"]", "1800000001", ALICE), CLAIMS(OURS, "\"oms\"", "1799999971", ALICE),
		CLAIMS(OURS, "\"oms\"", "1799999971.9", ALICE), CLAIMS(OURS, "\"oms\"", "1800000001", ALICE ",\"nbf\":1800000030"), CLAIMS(OURS, "\"\\u006fms\"", "1800000001", ALICE),
		CLAIMS(OURS, "\"oms\"", "1800000001", ALICE ",\"x\":{\"aud\":1,\"sub\":2}"),
	};
	static const char *const wrong[] = {
		CLAIMS("\"https://issuer.example/\"", "\"oms\"", "1800000001", ALICE), CLAIMS("null", "\"oms\"", "1800000001", ALICE), CLAIMS("[" OURS "]", "\"oms\"", "1800000001", ALICE),
		"{\"aud\":\"oms\",\"exp\":1800000001,\"sub\":\"alice\"}", "{\"iss\":" OURS ",\"exp\":1800000001,\"sub\":\"alice\"}", "{\"iss\":" OURS ",\"aud\":\"oms\",\"sub\":\"alice\"}",
		"{\"iss\":" OURS ",\"aud\":\"oms\",\"exp\":1800000001}",
		CLAIMS(OURS, "\"omsx\"", "1800000001", ALICE), CLAIMS(OURS, "\"OMS\"", "1800000001", ALICE), CLAIMS(OURS, "[]", "1800000001", ALICE), CLAIMS(OURS, "[[\"oms\"]]", "1800000001", ALICE),
		CLAIMS(OURS, "{\"oms\":1}", "1800000001", ALICE), CLAIMS(OURS, "null", "1800000001", ALICE),
		CLAIMS(OURS, "\"oms\"", "1799999970", ALICE), CLAIMS(OURS, "\"oms\"", "\"1800000001\"", ALICE), CLAIMS(OURS, "\"oms\"", "1e12", ALICE), CLAIMS(OURS, "\"oms\"", "-1", ALICE),
		CLAIMS(OURS, "\"oms\"", "9999999999999", ALICE), CLAIMS(OURS, "\"oms\"", "null", ALICE), CLAIMS(OURS, "\"oms\"", "true", ALICE), CLAIMS(OURS, "\"oms\"", "1800000001.5e9", ALICE),
		CLAIMS(OURS, "\"oms\"", "1800000001", ALICE ",\"nbf\":1800000031"), CLAIMS(OURS, "\"oms\"", "1800000001", ALICE ",\"nbf\":\"x\""),
		CLAIMS(OURS, "\"oms\"", "1800000001", ",\"sub\":\"\""), CLAIMS(OURS, "\"oms\"", "1800000001", ",\"sub\":7"), CLAIMS(OURS, "\"oms\"", "1800000001", ",\"sub\":\"a\\nb\""),
		CLAIMS(OURS, "\"oms\"", "1800000001", ",\"sub\":[\"alice\"]"), CLAIMS(OURS, "\"oms\"", "1800000001", ",\"sub\":\"" "0123456789012345678901234567890123456789012345678901234567890123" "\""),
		CLAIMS(OURS, "\"oms\"", "1800000001", ALICE ",\"sub\":\"bob\""), CLAIMS(OURS, "\"oms\"", "1800000001", ALICE ",\"exp\":1"), CLAIMS(OURS, "\"oms\"", "1800000001", ALICE ",\"aud\":\"oms\""),
		CLAIMS(OURS, "\"oms\"", "1800000001", ALICE ",\"is\\u0073\":\"x\""),
	};
	char		who[JWT_WHO_SIZE];
	int64_t		until;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (ok(read_token("{\"alg\":\"RS256\"}", good[i]) && jwt_check(&jwt, &rules, NOW, who, &until, &refused), "valid: %s", good[i]))
		{
			is_str(who, "alice", "of whom");
			ok(until == (strstr(good[i], "\"exp\":1799999971") != NULL ? 1799999971 : 1800000001) + rules.leeway_s, "until when");
		}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(read_token("{\"alg\":\"RS256\"}", wrong[i]) && !jwt_check(&jwt, &rules, NOW, who, &until, &refused) && refused.status == 401, "not valid: %s", wrong[i]);
}

static JwkSet set;

static bool
read_set(const char *json)
{
	jwk_set_free(&set);
	return jwk_set_read(span_of(json), &set, &refused);
}

static void
check_keys(void)
{
#define POINT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define EC "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" POINT "\",\"y\":\"" POINT "\",\"kid\":\"e\"}"
#define OKP "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" POINT "\",\"kid\":\"o\",\"use\":\"sig\"}"
	static const char *const wrong[] = {
		"", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[7]}", "{\"keys\":[" EC "]", "{\"keys\":[" EC "," EC "]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" POINT "\",\"y\":\"AA\"}]}", "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" POINT "\"}]}",
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" POINT "\",\"d\":\"" POINT "\"}]}", "{\"keys\":[" EC ",{\"kty\":\"oct\",\"k\":\"AA\"}]}",
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" POINT "=\"}]}", "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" POINT "\",\"kid\":\"\"}]}",
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" POINT "\",\"use\":\"enc\"}]}", "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" POINT "\",\"key_ops\":[\"sign\"]}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\"}]}", "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", "{\"keys\":[{\"kty\":\"EC\",\"alg\":\"ES384\",\"crv\":\"P-256\",\"x\":\"" POINT "\",\"y\":\"" POINT "\"}]}",
	};
	Text		json = {0};
	Text		n = {0};
	char		modulus[256];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!read_set(wrong[i]), "no set: %s", wrong[i]);
	ok(read_set("{\"keys\":[" EC "," OKP ",{\"kty\":\"EC\",\"crv\":\"P-521\"},{\"kty\":\"OKP\",\"crv\":\"X25519\"}]}") && set.count == 2 && set.passed_over == 2, "a set");
	ok(read_token("{\"alg\":\"ES256\",\"kid\":\"e\"}", GOOD_CLAIMS) && jwk_find(&set, &jwt) == &set.keys[0], "its key by name");
	ok(read_token("{\"alg\":\"EdDSA\"}", GOOD_CLAIMS) && jwk_find(&set, &jwt) == &set.keys[1], "the only one of its algorithm");
	ok(read_token("{\"alg\":\"EdDSA\",\"kid\":\"e\"}", GOOD_CLAIMS) && jwk_find(&set, &jwt) == NULL, "a key of another algorithm is none");
	ok(read_token("{\"alg\":\"ES256\",\"kid\":\"x\"}", GOOD_CLAIMS) && jwk_find(&set, &jwt) == NULL, "nor is one of another name");
	ok(read_set("{\"keys\":[" OKP ",{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" POINT "\",\"kid\":\"p\"}]}"), "two of one algorithm");
	ok(read_token("{\"alg\":\"EdDSA\"}", GOOD_CLAIMS) && jwk_find(&set, &jwt) == NULL, "want a name");
	for (int bits = 0; bits < 4; bits++)
	{
		const char *e = bits == 1 ? "AQ" : bits == 2 ? "BA" : "AQAB";

		memset(modulus, 0xFF, sizeof(modulus));
		if (bits == 3)
			modulus[0] = 0;
		text_clear(&json);
		text_clear(&n);
		encode(&n, modulus, sizeof(modulus));
		text_printf(&json, "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\",\"key_ops\":[\"verify\"]}]}", n.data, e);
		ok(read_set(json.data) == (bits == 0), "RSA: %s", bits == 0 ? "a key" : bits == 1 ? "exponent 1" : bits == 2 ? "an even exponent" : "zeros in front");
	}
	text_free(&json);
	text_free(&n);
	jwk_set_free(&set);
}

int
main(void)
{
	check_base64url();
	check_headers();
	check_claims();
	check_keys();
	jwt_free(&jwt);
	text_free(&token);
	return done();
}
