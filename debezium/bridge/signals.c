/*
 * debezium/bridge/signals.c
 *     TERM and INT: stop; HUP: read the configuration again.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "signals.h"

static atomic_bool stop;
static atomic_bool reload;
static _Atomic int64_t stop_at_us;
static int	wake = -1;

static void
on_signal(int number)
{
	int			saved = errno;
	uint64_t	one = 1;

	if (number == SIGHUP)
		atomic_store(&reload, true);
	else if (!atomic_exchange(&stop, true))
		atomic_store(&stop_at_us, ticks_us());
	if (write(wake, &one, sizeof one) < 0)
		errno = saved;			/* full: it is readable already */
	errno = saved;
}

void
signals_start(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake < 0)
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
