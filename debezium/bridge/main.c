/*
 * debezium/bridge/main.c
 *     oms_bridge: carries committed events of oms_state from PostgreSQL to Kafka.
 *
 * Runs sessions, one after the other, until asked to stop or until one ends in a way that only an operator can mend.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include <librdkafka/rdkafka.h>

#include "log.h"
#include "metrics.h"
#include "options.h"
#include "pg.h"
#include "session.h"
#include "signals.h"

/* A stop waits for what is on its way for shutdown.grace.ms, then as long for its abortion; the rest is for closing things. */
#define STOP_MARGIN_MS 10000
#define PAUSE_MIN_MS 100
#define LIBRDKAFKA_GOOD 0x020400ff
#define PAUSE_MAX_MS 5000

/* Waits, with the watchdog fed and a reload taken, or until asked to stop. */
static void
pause_between(Options *options, int ms)
{
	int64_t		until = ticks_us() + (int64_t) ms * 1000;

	while (!signals_stop() && ticks_us() < until)
	{
		struct pollfd fd = {.fd = signals_fd(), .events = POLLIN};
		Text		later = {0};
		Problem		problem = {0};

		signals_alive();
		if (poll(&fd, 1, ms < 500 ? ms : 500) > 0)
			signals_drain();
		if (signals_take_reload())
		{
			if (settings_reload(&options_table, &options->settings, &later, &problem))
				log_info("configuration read again%s%s", later.len > 0 ? "; these act at the next start: " : "", later.len > 0 ? later.data : "");
			else
				log_problem(&problem);
		}
		text_free(&later);
	}
}

/* The same failure again and again is said once a minute. */
static void
say(const Problem *problem)
{
	static char last[sizeof problem->text];
	static int64_t said_us;

	if (strcmp(last, problem->text) == 0 && ticks_us() - said_us < INT64_C(60000000))
		return;
	snprintf(last, sizeof last, "%s", problem->text);
	said_us = ticks_us();
	log_problem(problem);
}

static int
run(Options *options)
{
	int			pause_ms = PAUSE_MIN_MS;

	for (int sessions = 0; !signals_stop(); sessions++)
	{
		Problem		problem = {0};
		bool		streamed;
		int64_t		began = ticks_us();

		if (sessions > 0)
			metric_add(METRIC_RESTARTS, 1);
		if (session_run(options, &streamed, &problem))
			break;
		if (problem.remedy == REMEDY_STOP)
		{
			health_set(HEALTH_STOPPED, problem.text);
			log_problem(&problem);
			sd_notifyf(0, "STATUS=stopped: %.200s", problem.text);
			return EXIT_REFUSED;
		}
		if (signals_stop())
		{
			if (streamed)
				log_warning("stopped before all was confirmed: %s; what is not confirmed is read again from the slot", problem.text);
			else
				log_info("stopped before it streamed: %s", problem.text);
			break;
		}
		say(&problem);
		health_set(HEALTH_WAITING, problem.text);
		/* what was asked once is done once */
		if (streamed)
			options->bootstrap = options->accept_divergence = options->allow_repartition = false;
		if (streamed && ticks_us() - began > INT64_C(1000000))
			pause_ms = PAUSE_MIN_MS;
		pause_between(options, pause_ms);
		pause_ms = pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause_ms * 2;
	}
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	Options		options;
	Problem		problem = {0};
	Text		settings = {0};
	int			status;

	memset(&options, 0, sizeof options);
	switch (settings_load(&options_table, argc, argv, &options.settings, &problem))
	{
		case SETTINGS_DONE:
			settings_free(&options_table, &options.settings);
			return EXIT_SUCCESS;
		case SETTINGS_WRONG:
			problem.remedy = REMEDY_STOP;
			log_problem(&problem);
			settings_free(&options_table, &options.settings);
			return EXIT_USAGE;
		case SETTINGS_RUN:
			break;
	}
	log_configure(options.settings.log_level, options.settings.log_format);
	settings_show(&options_table, &options.settings, &settings);
	log_debug("settings in force:\n%s", settings.data != NULL ? settings.data : "");
	text_free(&settings);
	signals_start();
	pg_needs("The bridge's login needs REPLICATION, USAGE on schema oms, and SELECT on the event tables and on oms.event_sequence.");
	if (!signals_guard(2 * options.shutdown_grace_ms + STOP_MARGIN_MS, "nothing was on its way to Kafka",
					   "what is not confirmed is read again from the slot"))
	{
		log_error("cannot start the guard of stops");
		settings_free(&options_table, &options.settings);
		return EXIT_BROKEN;
	}
	log_info("oms_bridge %s, pipeline %s", BRIDGE_VERSION, options.pipeline);
	if (options.sink == SINK_KAFKA && rd_kafka_version() < LIBRDKAFKA_GOOD)
		log_info("librdkafka %s works; from 2.4 on it takes a quarter less CPU time", rd_kafka_version_str());
	health_set(HEALTH_STARTING, NULL);
	if (!monitor_start(&metrics_monitor, options.http_listen, &problem))
	{
		log_problem(&problem);
		signals_guard_end();
		settings_free(&options_table, &options.settings);
		return EXIT_USAGE;
	}
	status = run(&options);
	sd_notify(0, "STOPPING=1");
	signals_doing("ending", true);
	monitor_stop();
	log_info("stopped");
	signals_guard_end();
	settings_free(&options_table, &options.settings);
	return status;
}
