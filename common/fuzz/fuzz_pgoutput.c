/*
 * common/fuzz/fuzz_pgoutput.c
 *     One session of pgoutput: messages, each behind its length in four bytes (big endian), the last one cut if need be.
 */
#include "decoding.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Decoder    *decoder = decoder_pgoutput.create();

	while (size >= 4)
	{
		size_t		len = (size_t) data[0] << 24 | (size_t) data[1] << 16 | (size_t) data[2] << 8 | data[3];
		Decoded		decoded;
		char	   *message;

		data += 4;
		size -= 4;
		if (len > size)
			len = size;
		message = exact_bytes(data, len);
		decode_checked(&decoder_pgoutput, decoder, message, len, &decoded);
		free(message);
		data += len;
		size -= len;
	}
	decoder_pgoutput.destroy(decoder);
	return 0;
}
