/*
 * gateway/server/main.c
 *     oms_gateway: HTTP in front of the extension.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-daemon.h>

#include "log.h"
#include "server.h"
#include "signals.h"

static int
run(Options *options)
{
	Problem		problem = {0};
	Text		settings = {0};
	bool		fine;

	settings_show(&options_table, &options->settings, &settings);
	log_debug("settings in force:\n%s", settings.data);
	text_free(&settings);
	signals_start();
	if (!signals_guard(server_stop_ms(options), "no request was running", "the requests that ran have no answer; a commandId is told as a repeat"))
	{
		log_error("cannot start the guard of stops");
		return EXIT_BROKEN;
	}
	log_info("oms_gateway %s", GATEWAY_VERSION);
	if (!server_start(options, &problem))
	{
		log_problem(&problem);
		signals_guard_end();
		return EXIT_USAGE;
	}
	sd_notify(0, "READY=1");
	fine = server_run();
	server_end();
	log_info("stopped");
	signals_guard_end();
	return fine ? EXIT_SUCCESS : EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	Options		options;
	Problem		problem = {0};
	int			status = EXIT_SUCCESS;

#ifndef __SANITIZE_ADDRESS__
	/* passwords and keys are in memory: no core, and nobody looks in */
	prctl(PR_SET_DUMPABLE, 0);
#endif
	switch (settings_load(&options_table, argc, argv, &options.settings, &problem))
	{
		case SETTINGS_DONE:
			break;
		case SETTINGS_WRONG:
			log_problem(&problem);
			status = EXIT_USAGE;
			break;
		case SETTINGS_RUN:
			status = run(&options);
			break;
	}
	settings_free(&options_table, &options.settings);
	return status;
}
