/*
 * gateway/server/loop.h
 *     One epoll loop: descriptors that are watched, and clocks that ring. Everything of the server runs in it, in one thread.
 */
#ifndef LOOP_H
#define LOOP_H

#include "base.h"

/* Of one descriptor. Lives in whoever watches; loop_watch() puts it in, loop_forget() takes it out, also while events are given. */
typedef struct Watch
{
	int			fd;
	uint32_t	events;			/* EPOLLIN, EPOLLOUT; 0 and in the loop: errors alone */
	bool		in_loop;
	void		(*ready) (struct Watch *watch, uint32_t events);
	void	   *of;
} Watch;

/* Rings once, or again when it is set again from its own call. Lives in whoever waits. */
typedef struct Clock
{
	int64_t		at_us;			/* of ticks_us(); 0: not set */
	void		(*ring) (struct Clock *clock);
	void	   *of;
	size_t		place;			/* in the loop's heap, from 1 */
} Clock;

extern bool loop_start(Problem *problem);
/* Sets what is waited for; puts the descriptor in the first time. */
extern void loop_watch(Watch *watch, uint32_t events);
/* To be called before the descriptor is closed. */
extern void loop_forget(Watch *watch);
extern void loop_ring_at(Clock *clock, int64_t at_us);
extern void loop_ring_in(Clock *clock, int64_t ms);
extern void loop_stop_clock(Clock *clock);
/* Called at the end of every turn; answers after how many milliseconds it wants the next (-1: only when something happens). */
extern void loop_each_turn(int64_t (*turn) (void));
/* The time at the beginning of this turn: good enough for deadlines, and no call of the system. */
extern int64_t loop_now_us(void);
extern void loop_run(void);
/* After this turn. */
extern void loop_end(void);
extern void loop_free(void);

#endif
