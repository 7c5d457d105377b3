/*
 * debezium/bridge/test/ring_model.c
 *     The ring against a model that keeps everything and looks from the beginning each time.
 *
 * Broken by: a checkpoint before an event that is not done, or behind what is; a place inside a transaction that names the
 * wrong row; a part of an earlier session that is forgotten or kept for ever; a skip inside a transaction; events handed out
 * twice, never, or out of order; bytes that do not come back; an event that is not freed (with SANITIZE=1).
 */
#include "ring_kit.h"

#include <stdlib.h>

/* --- the model: a history, and no state that could be wrong --- */

typedef enum StepKind
{
	STEP_BEGIN,
	STEP_EVENT,
	STEP_COMMIT,
	STEP_SKIP
} StepKind;

typedef struct Step
{
	StepKind	kind;
	Lsn			lsn;			/* of a beginning: where its commit begins; of the others: up to where */
	int64_t		time_us;
	/* of an event */
	uint64_t	row;
	int64_t		id;
	size_t		size;
	bool		taken;
	bool		done;
} Step;

typedef struct Model
{
	Step	   *steps;
	size_t		count;
	size_t		room;
	Place		start;
	bool		open;			/* inside a transaction */
} Model;

static Step *
model_add(Model *model, Step step)
{
	if (model->count == model->room)
	{
		model->room = model->room == 0 ? 256 : 2 * model->room;
		model->steps = must_realloc(model->steps, model->room * sizeof(Step));
	}
	model->steps[model->count] = step;
	return &model->steps[model->count++];
}

static void
model_forget(Model *model)
{
	free(model->steps);
	*model = (Model) {0};
}

static void
pass_skip(Place *place, Lsn lsn)
{
	if (lsn > place->end_lsn && (place->part_rows == 0 || lsn <= place->part_commit_lsn))
		place->end_lsn = lsn;
}

/* Walks from the start to the first event that is not done (not taken). */
static Place
model_place(const Model *model, bool taken)
{
	Place		place = model->start;
	const Step *begin = NULL;
	bool		has_events = false;

	for (size_t i = 0; i < model->count; i++)
	{
		const Step *step = &model->steps[i];

		switch (step->kind)
		{
			case STEP_BEGIN:
				begin = step;
				has_events = false;
				break;
			case STEP_EVENT:
				if (!step->done && !(taken && step->taken))
					return place;
				has_events = true;
				place.part_commit_lsn = begin->lsn;
				place.part_rows = step->row;
				place.part_last_id = step->id;
				place.commit_time_us = begin->time_us;
				break;
			case STEP_COMMIT:
				if (has_events)
				{
					place = (Place) {.end_lsn = step->lsn, .commit_time_us = begin->time_us};
					break;
				}
				if (place.part_commit_lsn == begin->lsn)
					place = (Place) {.end_lsn = place.end_lsn, .commit_time_us = place.commit_time_us};
				pass_skip(&place, step->lsn);
				break;
			case STEP_SKIP:
				pass_skip(&place, step->lsn);
				break;
		}
	}
	return place;
}

/* Events that the ring has to keep: from the first that is not done. */
static void
model_sizes(const Model *model, size_t *events, size_t *bytes, size_t *untaken, int64_t *oldest_us)
{
	int64_t		time_us = 0;

	*events = *bytes = *untaken = 0;
	*oldest_us = 0;
	for (size_t i = 0; i < model->count; i++)
	{
		const Step *step = &model->steps[i];

		if (step->kind == STEP_BEGIN)
			time_us = step->time_us;
		if (step->kind != STEP_EVENT || (step->done && *events == 0))
			continue;
		if ((*events)++ == 0)
			*oldest_us = time_us;
		*bytes += step->size;
		*untaken += !step->taken && !step->done;
	}
}

static Step *
model_event(const Model *model, uint64_t index)
{
	for (size_t i = 0; i < model->count; i++)
		if (model->steps[i].kind == STEP_EVENT && index-- == 0)
			return &model->steps[i];
	abort();
}

/* --- both, side by side --- */

typedef struct Pair
{
	Ring	   *ring;
	Model		model;
	uint64_t	events;			/* added so far */
	size_t		max_events;
	size_t		max_bytes;
	Lsn			lsn;
	uint64_t	row;
	int64_t		id;
	const char *wrong;			/* the first difference */
	unsigned	skipped_inside;	/* how often the interesting happened */
	unsigned	out_of_order;
	unsigned	full;
	unsigned	parts;
	unsigned	whole;
	unsigned	not_ready;
} Pair;

static void
differs(Pair *pair, const char *what, Place ring, Place model)
{
	if (pair->wrong != NULL)
		return;
	pair->wrong = what;
	say_place("ring", ring);
	say_place("model", model);
}

static void
compare(Pair *pair)
{
	const Model *model = &pair->model;
	Place		done = model_place(model, false);
	Place		taken = model_place(model, true);
	size_t		events;
	size_t		bytes;
	size_t		untaken;
	int64_t		oldest_us;

	if (!same_place(ring_place_done(pair->ring), done))
		differs(pair, "the place of what is done", ring_place_done(pair->ring), done);
	if (!same_place(ring_place_taken(pair->ring), taken))
		differs(pair, "the place of what is taken", ring_place_taken(pair->ring), taken);
	model_sizes(model, &events, &bytes, &untaken, &oldest_us);
	if (pair->wrong != NULL)
		return;
	if (ring_events(pair->ring) != events)
		pair->wrong = "the number of events";
	else if (ring_bytes(pair->ring) != bytes)
		pair->wrong = "the bytes";
	else if (ring_untaken(pair->ring) != untaken)
		pair->wrong = "how many may be taken";
	else if (ring_oldest_us(pair->ring) != oldest_us)
		pair->wrong = "the oldest commit time";
	else if (ring_full(pair->ring) != (events >= pair->max_events || bytes >= pair->max_bytes))
		pair->wrong = "whether it is full";
	else if (ring_done_upto(pair->ring) != pair->events - events)
		pair->wrong = "which event is the first that is not done";
	else if (ring_in_transaction(pair->ring) != model->open)
		pair->wrong = "whether a transaction is open";
}

/* The transaction of the part that the start is in comes first, if there is one. */
static void
do_begin(Pair *pair)
{
	const Place *start = &pair->model.start;
	bool		resume = start->part_rows > 0 && pair->row == 0 && pair->lsn < start->part_commit_lsn;
	Step		step = {.kind = STEP_BEGIN, .time_us = (int64_t) (1000 + pair->lsn)};

	pair->lsn = resume ? start->part_commit_lsn : pair->lsn + 1 + dice(50);
	pair->row = resume ? start->part_rows : 0;
	step.lsn = pair->lsn;
	model_add(&pair->model, step);
	pair->model.open = true;
	ring_begin(pair->ring, step.lsn, step.time_us);
}

static void
do_add(Pair *pair)
{
	Event	   *event;

	if (ring_full(pair->ring))
	{
		pair->full++;
		return;
	}
	/* a row that the filter drops is counted, but does not come here */
	pair->row += 1 + (dice(8) == 0);
	event = some_event(++pair->id, dice(20) == 0 ? 3000 : dice(200));
	event->txn_row = pair->row;
	for (size_t i = pair->model.count; i-- > 0;)
		if (pair->model.steps[i].kind == STEP_BEGIN)
		{
			event->commit_time_us = pair->model.steps[i].time_us;
			break;
		}
	model_add(&pair->model, (Step) {.kind = STEP_EVENT, .row = pair->row, .id = pair->id, .size = event_size(event)});
	ring_add(pair->ring, event);
	if (event->index != pair->events++)
		pair->wrong = "the number that an event got";
}

static void
do_commit(Pair *pair)
{
	pair->lsn += 1 + dice(50);
	model_add(&pair->model, (Step) {.kind = STEP_COMMIT, .lsn = pair->lsn});
	pair->model.open = false;
	ring_commit(pair->ring, pair->lsn);
}

static void
do_skip(Pair *pair)
{
	Lsn			lsn = dice(4) == 0 && pair->lsn > 60 ? pair->lsn - dice(60) : pair->lsn + dice(40);
	const Place *start = &pair->model.start;

	ring_skip_to(pair->ring, lsn);
	if (pair->model.open)
	{
		pair->skipped_inside++;
		return;
	}
	model_add(&pair->model, (Step) {.kind = STEP_SKIP, .lsn = lsn});
	/* the server sends nothing that commits behind what it said, but for the rest of a part it comes back to */
	if (lsn > pair->lsn && (start->part_rows == 0 || pair->lsn >= start->part_commit_lsn))
		pair->lsn = lsn;
}

/* What is left of the transaction that begins at this step: its events, their bytes, whether its end has come. */
typedef struct Rest
{
	Step	   *events[64];
	size_t		count;
	size_t		fit;			/* of them, in what a batch has left */
	size_t		fit_bytes;
	bool		closed;
} Rest;

static Rest
rest_of(Model *model, size_t begin, size_t room, size_t bytes_left, bool empty)
{
	Rest		rest = {0};
	bool		over = false;

	for (size_t i = begin + 1; i < model->count && model->steps[i].kind != STEP_BEGIN; i++)
	{
		Step	   *step = &model->steps[i];

		rest.closed |= step->kind == STEP_COMMIT;
		if (step->kind != STEP_EVENT || step->taken)
			continue;
		rest.events[rest.count++] = step;
		over |= rest.fit == room || (rest.fit_bytes + step->size > bytes_left && !(empty && rest.fit == 0));
		rest.fit += !over;
		rest.fit_bytes += over ? 0 : step->size;
	}
	return rest;
}

/* Which events a batch takes, by the words of ring.h. */
static size_t
model_take(Pair *pair, size_t max_events, size_t max_bytes, Step **taken)
{
	size_t		count = 0;
	size_t		bytes = 0;
	bool		full = ring_full(pair->ring);

	for (size_t i = 0; i < pair->model.count; i++)
	{
		Rest		rest;

		if (pair->model.steps[i].kind != STEP_BEGIN)
			continue;
		rest = rest_of(&pair->model, i, max_events - count, max_bytes > bytes ? max_bytes - bytes : 0, count == 0);
		if (rest.count == 0)
			continue;
		if (!(rest.closed && rest.fit == rest.count))
		{
			bool		too_large = rest.fit < rest.count || rest.fit == max_events || full;

			if (count > 0 || !too_large)
				return count;
			pair->parts++;
			memcpy(taken, rest.events, rest.fit * sizeof(Step *));
			return rest.fit;
		}
		memcpy(taken + count, rest.events, rest.count * sizeof(Step *));
		count += rest.count;
		bytes += rest.fit_bytes;
		pair->whole++;
	}
	return count;
}

static void
do_take(Pair *pair)
{
	Event	   *taken[16];
	Step	   *expected[64];
	size_t		max_events = 1 + dice(16);
	size_t		max_bytes = dice(4) == 0 ? 0 : dice(4000);
	size_t		many = model_take(pair, max_events, max_bytes, expected);
	bool		ready = ring_ready(pair->ring, max_events, max_bytes);
	size_t		count = ring_take(pair->ring, max_events, max_bytes, taken);

	if (count != many)
		pair->wrong = "how many events were taken";
	else if (count > 0 && !ready)
		pair->wrong = "that it is not ready, and something could be taken";
	pair->not_ready += !ready;
	for (size_t i = 0; i < count && i < many; i++)
	{
		if (taken[i]->sequence != expected[i]->id || (i > 0 && taken[i]->index != taken[i - 1]->index + 1))
			pair->wrong = "which events were taken";
		expected[i]->taken = true;
	}
}

static void
do_done(Pair *pair)
{
	uint64_t	candidates[64];
	size_t		count = 0;
	size_t		chosen;

	for (uint64_t index = 0; index < pair->events && count < 64; index++)
		if (model_event(&pair->model, index)->taken && !model_event(&pair->model, index)->done)
			candidates[count++] = index;
	if (count == 0)
		return;
	chosen = dice(3) == 0 ? 0 : dice(count);
	pair->out_of_order += chosen > 0;
	model_event(&pair->model, candidates[chosen])->done = true;
	ring_done(pair->ring, candidates[chosen]);
}

static void
random_step(Pair *pair)
{
	switch (dice(pair->model.open ? 12 : 9))
	{
		case 0:
		case 1:
			if (!pair->model.open)
				do_begin(pair);
			else
				do_commit(pair);
			break;
		case 2:
			do_skip(pair);
			break;
		case 3:
		case 4:
			do_take(pair);
			break;
		case 5:
		case 6:
		case 7:
			do_done(pair);
			break;
		default:
			if (pair->model.open)
				do_add(pair);
			break;
	}
	if (pair->wrong == NULL)
		compare(pair);
}

static Pair
pair_new(size_t max_events, size_t max_bytes, Place start)
{
	return (Pair) {
		.ring = ring_new(max_events, max_bytes, start), .model.start = start, .max_events = max_events, .max_bytes = max_bytes,
			.lsn = start.end_lsn,
	};
}

static void
pair_free(Pair *pair)
{
	ring_free(pair->ring);
	model_forget(&pair->model);
}

/* Sums of what happened, so that the dice do not leave out what the test is for. */
static void
count_in(Pair *all, const Pair *one)
{
	all->skipped_inside += one->skipped_inside;
	all->out_of_order += one->out_of_order;
	all->full += one->full;
	all->parts += one->parts;
	all->whole += one->whole;
	all->not_ready += one->not_ready;
}

static void
random_rings(void)
{
	Pair		all = {0};

	for (int round = 0; round < 300; round++)
	{
		Place		start = {.end_lsn = 100 + dice(1000), .commit_time_us = (int64_t) dice(2) * 77};
		Pair		pair;
		int			step = 0;

		if (dice(3) == 0)
			start = (Place) {start.end_lsn, start.end_lsn + 30 + dice(100), 1 + dice(5), 4711, 99};
		pair = pair_new(1 + dice(20), 1 + dice(6000), start);
		while (step < 400 && pair.wrong == NULL)
		{
			random_step(&pair);
			step++;
		}
		if (pair.wrong != NULL)
			ok(false, "round %d, step %d: %s", round, step, pair.wrong);
		count_in(&all, &pair);
		all.wrong = pair.wrong;
		pair_free(&pair);
		if (all.wrong != NULL)
			return;
	}
	ok(true, "300 rings of random size are what the model is, after each of 400 random steps");
	ok(all.skipped_inside > 100 && all.out_of_order > 1000 && all.full > 100 && all.parts > 100 && all.whole > 1000 && all.not_ready > 100,
	   "among them %u skips in a transaction, %u events done out of order, %u times full, %u parts and %u whole transactions taken, %u times not ready",
	   all.skipped_inside, all.out_of_order, all.full, all.parts, all.whole, all.not_ready);
}

int
main(void)
{
	dice_start(20261123);
	random_rings();
	return done();
}
