/*
 * debezium/bridge/fuzz/fuzz_position.c
 *     The position record as Kafka gives it back: read or refused, and what is read is written and read again the same.
 */
#include "finding.h"
#include "position.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *json = exact_bytes(data, size);
	Problem		problem = {.remedy = REMEDY_NONE};
	Position	position = {.epoch = 1};
	Position	again = {.epoch = 1};
	Text		first = {0};
	Text		second = {0};

	if (position_decode(json, size, &position, &problem))
	{
		position_encode(&position, &first);
		MUST(position_decode(first.data, first.len, &again, &problem));
		position_encode(&again, &second);
		MUST(strcmp(first.data, second.data) == 0);
		MUST(again.place.end_lsn == position.place.end_lsn && again.place.part_rows == position.place.part_rows && again.epoch == position.epoch);
		position_free(&position);
		position_free(&again);
	}
	else
		MUST(problem.remedy == REMEDY_STOP && problem.text[0] != '\0');
	text_free(&first);
	text_free(&second);
	free(json);
	return 0;
}
