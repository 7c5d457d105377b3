/*
 * common/signals.c
 *     TERM and INT: stop; HUP: read the configuration again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"
#include "signals.h"

#define WATCHDOG_MS 1000

static atomic_bool stop;
static atomic_bool reload;
static _Atomic int64_t stop_at_us;
static int	wake = -1;

static pthread_t guard;
static _Atomic int64_t guard_ms;
static const char *guard_words[2];	/* what a leave means, with something on its way and without */
static int	guard_wake = -1;	/* readable from a stop on */
static int	guard_over = -1;	/* readable when the program ends by itself */
static _Atomic(const char *) doing = "starting";
static atomic_bool idle = true;
static atomic_bool in_library;
static _Atomic int64_t doing_since_us;

static void
on_signal(int number)
{
	int			saved = errno;
	uint64_t	one = 1;
	int64_t		never = 0;

	if (number == SIGHUP)
		atomic_store(&reload, true);
	else if (atomic_compare_exchange_strong(&stop_at_us, &never, ticks_us()))
		atomic_store(&stop, true);	/* in this order: whoever sees it knows since when */
	/* one that is full is readable already */
	if (write(wake, &one, sizeof one) < 0 || (number != SIGHUP && write(guard_wake, &one, sizeof one) < 0))
		errno = saved;
	errno = saved;
}

void
signals_start(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	guard_wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	guard_over = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake < 0 || guard_wake < 0 || guard_over < 0)
	{
		log_error("cannot make an eventfd");
		exit(EXIT_BROKEN);
	}
	sigemptyset(&action.sa_mask);
	action.sa_flags = SA_RESTART;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

bool
signals_stop(void)
{
	return atomic_load(&stop);
}

bool
signals_stop_since(int64_t ms)
{
	return atomic_load(&stop) && ticks_us() - atomic_load(&stop_at_us) >= ms * 1000;
}

bool
signals_take_reload(void)
{
	return atomic_exchange(&reload, false);
}

int
signals_fd(void)
{
	return wake;
}

void
signals_drain(void)
{
	uint64_t	count;

	while (read(wake, &count, sizeof count) > 0)
		;
}

void
signals_doing(const char *what, bool nothing_on_its_way)
{
	atomic_store(&doing_since_us, ticks_us());
	atomic_store(&doing, what);
	atomic_store(&idle, nothing_on_its_way);
}

void
signals_alive(void)
{
	static _Atomic int64_t fed_us;
	int64_t		before_us = atomic_load(&fed_us);
	int64_t		now_us = ticks_us();

	if (now_us - before_us >= WATCHDOG_MS * 1000 && atomic_compare_exchange_strong(&fed_us, &before_us, now_us))
		sd_notify(0, "WATCHDOG=1");
}

void
signals_in_library(bool inside)
{
	atomic_store(&in_library, inside);
}

/* True when the program ends by itself within so long. */
static bool
guard_wait(int fd, int timeout_ms)
{
	struct pollfd fds[2] = {{.fd = guard_over, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

	poll(fds, 2, timeout_ms);
	return fds[0].revents != 0;
}

/* No destructors: whatever hangs may hold what they need. */
static void
leave(void)
{
	long long	since_ms = (ticks_us() - atomic_load(&stop_at_us)) / 1000;

	if (atomic_load(&idle))
	{
		log_info("left while %s, which did not end within %lld ms of the stop; %s", atomic_load(&doing), since_ms, guard_words[1]);
		_exit(EXIT_SUCCESS);
	}
	log_warning("left while %s, which did not end within %lld ms of the stop; %s", atomic_load(&doing), since_ms, guard_words[0]);
	_exit(EXIT_BROKEN);
}

static void *
stand_guard(void *arg)
{
	(void) arg;
	pthread_setname_np(pthread_self(), "guard");
	while (!signals_stop())
	{
		if (guard_wait(guard_wake, WATCHDOG_MS))
			return NULL;
		if (atomic_load(&in_library))
			signals_alive();
	}
	while (!guard_wait(-1, 100))
		if (signals_stop_since(atomic_load(&guard_ms)) ||
			(atomic_load(&idle) && signals_stop_since(IDLE_STOP_MS) && ticks_us() - atomic_load(&doing_since_us) >= IDLE_STOP_MS * 1000))
			leave();
	return NULL;
}

void
signals_bound(int64_t ms)
{
	atomic_store(&guard_ms, ms);
}

bool
signals_guard(int64_t bound_ms, const char *nothing_lost, const char *comes_again)
{
	sigset_t	all;
	sigset_t	before;
	bool		fine;

	signals_bound(bound_ms);
	guard_words[0] = comes_again;
	guard_words[1] = nothing_lost;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	fine = pthread_create(&guard, NULL, stand_guard, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return fine;
}

void
signals_guard_end(void)
{
	uint64_t	one = 1;

	if (write(guard_over, &one, sizeof one) == sizeof one)
		pthread_join(guard, NULL);
}
