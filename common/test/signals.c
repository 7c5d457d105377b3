/*
 * common/test/signals.c
 *     The guard of stops: what breaks if a wait that nothing cuts off holds up a stop, if a program that ends by itself is disturbed, or if
 *     the log does not say what was left.
 */
#include "tap.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signals.h"

#define BOUND_MS 4000
#define HANG_MS 30000

typedef struct Ended
{
	int			status;
	int64_t		took_ms;
	char		log[2000];
} Ended;

/* In a child: what it logs, how it ends, how long that takes. */
static Ended
run(void (*child) (void))
{
	Ended		ended = {.status = -1};
	size_t		len = 0;
	ssize_t		n;
	int64_t		began_us = ticks_us();
	int			ends[2];
	pid_t		pid;

	if (pipe(ends) != 0 || (pid = fork()) < 0)
		exit(1);
	if (pid == 0)
	{
		dup2(ends[1], STDERR_FILENO);
		signals_start();
		if (!signals_guard(BOUND_MS, "nothing lost", "it comes again"))
			_exit(99);
		child();
		signals_guard_end();
		_exit(42);
	}
	close(ends[1]);
	while (len < sizeof(ended.log) - 1 && (n = read(ends[0], ended.log + len, sizeof(ended.log) - 1 - len)) > 0)
		len += (size_t) n;
	close(ends[0]);
	waitpid(pid, &ended.status, 0);
	ended.took_ms = (ticks_us() - began_us) / 1000;
	return ended;
}

/* What a library does that waits for somebody else: signals change nothing. */
static void
hang(void)
{
	int64_t		until_us = ticks_us() + HANG_MS * 1000;

	while (ticks_us() < until_us)
		poll(NULL, 0, 1000);
}

static void
hang_idle(void)
{
	signals_doing("waiting for nothing", true);
	raise(SIGTERM);
	hang();
}

/* Had time to end, and then begins to hang: the wait for it begins then. */
static void
hang_idle_later(void)
{
	signals_doing("streaming", false);
	raise(SIGINT);
	poll(NULL, 0, 500);
	signals_doing("closing something", true);
	poll(NULL, 0, IDLE_STOP_MS - 500);
	signals_doing("closing another", true);
	hang();
}

static void
hang_busy(void)
{
	signals_doing("streaming", false);
	raise(SIGTERM);
	hang();
}

static void
stop_by_itself(void)
{
	raise(SIGTERM);
	poll(NULL, 0, 300);
}

static void
no_stop(void)
{
	raise(SIGHUP);
	poll(NULL, 0, 300);
}

static void
check(const char *name, void (*child) (void), int status, int64_t least_ms, const char *says, const char *means)
{
	Ended		ended = run(child);

	ok(WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == status, "%s: exit status %d (%x)", name, status, (unsigned) ended.status);
	ok(ended.took_ms >= least_ms && ended.took_ms < HANG_MS, "%s: after %lld ms", name, (long long) ended.took_ms);
	if (says == NULL)
		is_str(ended.log, "", "%s: nothing to say", name);
	else
		ok(strstr(ended.log, says) != NULL && strstr(ended.log, means) != NULL, "%s: %s", name, ended.log);
}

int
main(void)
{
	check("nothing on its way", hang_idle, EXIT_SUCCESS, IDLE_STOP_MS, "left while waiting for nothing,", "; nothing lost\n");
	check("and later", hang_idle_later, EXIT_SUCCESS, BOUND_MS, "left while closing another,", "; nothing lost\n");
	check("something on its way", hang_busy, EXIT_BROKEN, BOUND_MS, "left while streaming,", "; it comes again\n");
	check("ends by itself", stop_by_itself, 42, 0, NULL, NULL);
	check("no stop", no_stop, 42, 0, NULL, NULL);
	return done();
}
