/*
 * common/fuzz/finding.h
 *     What is a finding of a fuzzer without being a crash by itself.
 */
#ifndef FINDING_H
#define FINDING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* In memory of exactly its size, so that the sanitizer sees who reads beyond. */
static inline char *
exact_bytes(const void *data, size_t len)
{
	char	   *copy = malloc(len);

	MUST(copy != NULL);
	if (len > 0)
		memcpy(copy, data, len);
	return copy;
}

#endif
