/*
 * gateway/pure/trace.c
 *     What names a request.
 */
#include "trace.h"

#include <string.h>

bool
trace_id(Span value)
{
	if (value.len == 0 || value.len > TRACE_ID_MAX)
		return false;
	for (size_t i = 0; i < value.len; i++)
	{
		char		c = value.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == ':' || c == '-'))
			return false;
	}
	return true;
}

/* So many digits, and not all of them zero where that means none. */
static bool
trace_hex(const char *at, size_t len, bool may_be_zero)
{
	bool		zero = true;

	for (size_t i = 0; i < len; i++)
	{
		if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f')))
			return false;
		zero = zero && at[i] == '0';
	}
	return may_be_zero || !zero;
}

/* "00-" 32 digits "-" 16 digits "-" 2 digits; later versions may have more behind another dash. */
bool
trace_parent(Span value)
{
	const char *at = value.data;

	if (value.len < TRACE_PARENT_LEN || at[2] != '-' || at[35] != '-' || at[52] != '-')
		return false;
	if (!trace_hex(at, 2, true) || memcmp(at, "ff", 2) == 0 || !trace_hex(at + 3, 32, false) || !trace_hex(at + 36, 16, false) || !trace_hex(at + 53, 2, true))
		return false;
	return value.len == TRACE_PARENT_LEN || (memcmp(at, "00", 2) != 0 && at[TRACE_PARENT_LEN] == '-');
}
