/*
 * common/fuzz/decoding.h
 *     What the fuzzers of decoders share: messages in memory of exactly their size, and what must hold of whatever is decoded.
 */
#ifndef DECODING_H
#define DECODING_H

#include "finding.h"

#include "decode.h"

/* Reads every byte, so that the sanitizer sees where it lies. */
static inline void
touch(Span span)
{
	for (size_t i = 0; i < span.len; i++)
		(void) *(const volatile char *) &span.data[i];
}

/* Decodes and checks what comes out. */
static inline bool
decode_checked(const DecoderClass *class, Decoder *decoder, const char *data, size_t len, Decoded *decoded)
{
	Problem		problem = {.remedy = REMEDY_NONE};

	if (!class->decode(decoder, data, len, decoded, &problem))
	{
		MUST(problem.remedy == REMEDY_STOP || problem.remedy == REMEDY_RETRY);
		MUST(problem.text[0] != '\0' && memchr(problem.text, '\0', sizeof(problem.text)) != NULL);
		return false;
	}
	MUST(problem.remedy == REMEDY_NONE);
	MUST(decoded->kind >= DECODED_NOTHING && decoded->kind <= DECODED_COMMIT);
	if (decoded->kind != DECODED_EVENT)
		return true;
	touch(decoded->key);
	touch(decoded->type);
	touch(decoded->id);
	MUST(decoded->id.len <= len);
	MUST(decoded->table >= 0 && decoded->table < EVENT_TABLES && decoded->sequence > 0);
	MUST(decoded->payload.len > 0 && decoded->payload.len <= len && decoded->key.len <= len && decoded->type.len <= len);
	touch(decoded->payload);
	MUST(decoded->hash.len > 0 && decoded->hash.len % 2 == 0);
	for (size_t i = 0; i < decoded->hash.len; i++)
		MUST(strchr("0123456789abcdef", decoded->hash.data[i]) != NULL && decoded->hash.data[i] != '\0');
	return true;
}

#endif
