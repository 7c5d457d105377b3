/*
 * gateway/server/loop.c
 *     One epoll loop: descriptors that are watched, and clocks that ring.
 *
 * The kernel hands out pointers to watches, some of which may be forgotten by the calls for others of the same turn: what is forgotten
 * is struck from the rest of the turn's list, so a watch may be freed at once. Clocks are a binary heap.
 */
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TURN_EVENTS 256

static int	epoll_fd = -1;
static struct epoll_event turn[TURN_EVENTS];
static int	turn_at;
static int	turn_count;
static int64_t now_us;
static bool over;
static int64_t (*each_turn) (void);

static Clock **heap;			/* from 1 */
static size_t heap_count;
static size_t heap_room;

bool
loop_start(Problem *problem)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	now_us = ticks_us();
	if (epoll_fd < 0)
		return problem_set(problem, REMEDY_STOP, NULL, "cannot make an epoll descriptor: %s", strerror(errno));
	return true;
}

void
loop_watch(Watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	if (watch->in_loop && watch->events == events)
		return;
	/* the kernel takes as many as there are descriptors: only memory can fail here */
	if (epoll_ctl(epoll_fd, watch->in_loop ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch->fd, &event) != 0)
		abort();
	watch->in_loop = true;
	watch->events = events;
}

void
loop_forget(Watch *watch)
{
	if (!watch->in_loop)
		return;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->in_loop = false;
	watch->events = 0;
	for (int i = turn_at; i < turn_count; i++)
		if (turn[i].data.ptr == watch)
			turn[i].data.ptr = NULL;
}

static void
heap_put(size_t place, Clock *clock)
{
	heap[place] = clock;
	clock->place = place;
}

static void
heap_up(size_t place, Clock *clock)
{
	for (; place > 1 && heap[place / 2]->at_us > clock->at_us; place /= 2)
		heap_put(place, heap[place / 2]);
	heap_put(place, clock);
}

static void
heap_down(size_t place, Clock *clock)
{
	size_t		child;

	for (; (child = place * 2) <= heap_count; place = child)
	{
		if (child < heap_count && heap[child + 1]->at_us < heap[child]->at_us)
			child++;
		if (heap[child]->at_us >= clock->at_us)
			break;
		heap_put(place, heap[child]);
	}
	heap_put(place, clock);
}

void
loop_stop_clock(Clock *clock)
{
	size_t		place = clock->place;
	Clock	   *last;

	clock->at_us = 0;
	if (place == 0)
		return;
	clock->place = 0;
	last = heap[heap_count--];
	if (last == clock)
		return;
	if (place > 1 && heap[place / 2]->at_us > last->at_us)
		heap_up(place, last);
	else
		heap_down(place, last);
}

void
loop_ring_at(Clock *clock, int64_t at_us)
{
	loop_stop_clock(clock);
	clock->at_us = at_us;
	if (heap_count + 2 > heap_room)
	{
		heap_room = heap_room == 0 ? 64 : heap_room * 2;
		heap = must_realloc(heap, heap_room * sizeof *heap);
	}
	heap_up(++heap_count, clock);
}

void
loop_ring_in(Clock *clock, int64_t ms)
{
	loop_ring_at(clock, ticks_us() + ms * 1000);
}

void
loop_each_turn(int64_t (*call) (void))
{
	each_turn = call;
}

int64_t
loop_now_us(void)
{
	return now_us;
}

static void
ring_clocks(void)
{
	while (heap_count > 0 && heap[1]->at_us <= now_us)
	{
		Clock	   *clock = heap[1];

		loop_stop_clock(clock);
		clock->ring(clock);
	}
}

/* How long the kernel may wait, rounded up: a clock must have come when it is looked at. */
static int
wait_ms(int64_t wanted_ms)
{
	int64_t		ms = wanted_ms;

	if (heap_count > 0)
	{
		int64_t		clock_ms = (heap[1]->at_us - ticks_us() + 999) / 1000;

		if (clock_ms < 0)
			clock_ms = 0;
		if (ms < 0 || clock_ms < ms)
			ms = clock_ms;
	}
	return ms > 60000 ? 60000 : (int) ms;
}

void
loop_run(void)
{
	while (!over)
	{
		int64_t		wanted_ms = each_turn != NULL ? each_turn() : -1;

		if (over)
			break;
		turn_count = epoll_wait(epoll_fd, turn, TURN_EVENTS, wait_ms(wanted_ms));
		now_us = ticks_us();
		for (turn_at = 0; turn_at < turn_count;)
		{
			Watch	   *watch = turn[turn_at].data.ptr;
			uint32_t	events = turn[turn_at++].events;

			if (watch != NULL)
				watch->ready(watch, events);
		}
		turn_count = 0;
		ring_clocks();
	}
	/* what is to be freed in a turn of its own */
	now_us = ticks_us();
	ring_clocks();
}

void
loop_free(void)
{
	free(heap);
	heap = NULL;
	heap_count = heap_room = 0;
	close(epoll_fd);
	epoll_fd = -1;
}

void
loop_end(void)
{
	over = true;
}
