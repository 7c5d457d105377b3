/*
 * gateway/server/main.c
 *     oms_gateway: HTTP in front of the extension.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "log.h"
#include "server.h"
#include "signals.h"

int
main(int argc, char **argv)
{
	Options		options;
	Problem		problem = {0};

	memset(&options, 0, sizeof options);
	if (!options_load(argc, argv, &options, &problem))
	{
		log_problem(&problem);
		options_free(&options);
		return EXIT_USAGE;
	}
	log_configure(options.log_level, options.log_format);
#ifndef __SANITIZE_ADDRESS__
	/* passwords and keys are in memory: no core, and nobody looks in */
	prctl(PR_SET_DUMPABLE, 0);
#endif
	signals_start();
	log_info("oms_gateway %s", GATEWAY_VERSION);
	if (!server_start(&options, &problem))
	{
		log_problem(&problem);
		options_free(&options);
		return EXIT_USAGE;
	}
	server_run();
	server_end();
	log_info("stopped");
	options_free(&options);
	return EXIT_SUCCESS;
}
