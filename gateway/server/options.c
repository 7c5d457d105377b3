/*
 * gateway/server/options.c
 *     The settings: one row each. --help, the defaults and what a reload may change come from here; the man page and the example of a
 *     configuration are compared with it by a test.
 *
 * A new setting is a member of Options, a row here, a paragraph in oms_gateway.1 and a line in oms_gateway.conf.example.
 */
#include "options.h"

#include <stddef.h>
#include <string.h>

#include <libpq-fe.h>
#include <microhttpd.h>

#include "dsn.h"
#include "monitor.h"

static const char *const modes[] = {"password", "proxy", "certificate", "jwt", "login", NULL};

#define TEXT(member, longest) SETTING_OF_TEXT(Options, member, longest)
#define DSN(member) SETTING_OF_DSN(Options, member)
#define NUMBER(member, least, most) SETTING_OF_NUMBER(Options, member, least, most)
#define BYTES(member, least, most) SETTING_OF_BYTES(Options, member, least, most)
#define TIME(member, least, most) SETTING_OF_TIME(Options, member, least, most)
#define FLAG(member) SETTING_OF_FLAG(Options, member)
#define CHOICE(member, words) SETTING_OF_CHOICE(Options, member, words)

#define KB SETTING_KB
#define MB SETTING_MB
#define GB SETTING_GB
#define SECOND SETTING_SECOND
#define HOUR SETTING_HOUR

static const SettingRow option_rows[] = {
	{.name = "dsn", DSN(dsn), .value = "", .group = "PostgreSQL",
		.help = "libpq connection string or URI; what it does not say comes from the PG... variables of the environment"},
	{.name = "read.dsn", DSN(read_dsn), .value = "", .help = "the same for a standby that queries go to; empty: they go to dsn"},
	{.name = "pool.size", NUMBER(pool_size, 1, 1000), .value = "8", .help = "connections to dsn; in auth=password each session has its own"},
	{.name = "read.pool.size", NUMBER(read_pool_size, 1, 1000), .value = "8", .help = "connections to read.dsn"},
	{.name = "pool.queue", NUMBER(pool_queue, 0, 100000), .value = "1000", .help = "most requests that wait for a connection; those above are refused (503)"},
	{.name = "queue.timeout", TIME(queue_timeout_ms, 1, HOUR), .value = "5s", .help = "a request waits for a connection for so long (503)"},
	{.name = "command.timeout", TIME(command_timeout_ms, 0, HOUR), .value = "5s", .help = "statement_timeout of what writes (504); 0: none"},
	{.name = "query.timeout", TIME(query_timeout_ms, 0, HOUR), .value = "10s", .help = "statement_timeout of what reads (504); 0: none"},

	{.name = "listen", TEXT(listen, 400), .value = "127.0.0.1:8080", .group = "Who asks",
		.help = "addresses with commas between: 127.0.0.1:8080, [::1]:8080, unix:/run/oms_gateway/socket"},
	{.name = "server.names", TEXT(server_names, 1000), .value = "", .reloadable = true,
		.help = "names that a Host header may say, with commas between; empty: any"},
	{.name = "auth", CHOICE(auth, modes), .value = "password",
		.help = "password: each session logs in to PostgreSQL; proxy: a header of a proxy on a Unix socket names the role; certificate: the common name of a client's certificate is the role; jwt: a token that somebody else has signed; login: everybody is the login of dsn"},
	{.name = "allow.admin", FLAG(allow_admin),
		.help = "auth=proxy, certificate and jwt: the login of dsn may be a member of oms_admin; one that can be a superuser, or makes roles, is refused anyway"},
	{.name = "proxy.header", TEXT(proxy_header, 100), .value = "X-Forwarded-User", .help = "auth=proxy: the header that names the role"},
	{.name = "jwt.keys", TEXT(jwt_keys, 1000), .value = "",
		.help = "auth=jwt: file with the set of public keys (JWKS: RS256, ES256, EdDSA), read again by a reload"},
	{.name = "jwt.issuer", TEXT(jwt_issuer, 500), .value = "", .help = "auth=jwt: what a token's iss must be"},
	{.name = "jwt.audience", TEXT(jwt_audience, 500), .value = "", .help = "auth=jwt: what its aud must be or have"},
	{.name = "jwt.claim", TEXT(jwt_claim, 100), .value = "sub", .help = "auth=jwt: the claim that says who it is"},
	{.name = "jwt.roles", TEXT(jwt_roles, 20000), .value = "", .reloadable = true,
		.help = "auth=jwt: CLAIM=ROLE with commas between, and nobody else; empty: the claim is the role"},
	{.name = "jwt.leeway", TIME(jwt_leeway_ms, 0, 10 * 60 * SECOND), .value = "30s", .help = "auth=jwt: how far the issuer's clock and ours may be apart"},
	{.name = "tls.certificate", TEXT(tls_certificate, 1000), .value = "",
		.help = "file (PEM) with our certificate and its chain: the ports speak TLS; empty: they do not. The three files are read again by a reload"},
	{.name = "tls.key", TEXT(tls_key, 1000), .value = "", .help = "file (PEM) with its key"},
	{.name = "tls.clients", TEXT(tls_clients, 1000), .value = "", .help = "file (PEM) with the certificates of who signs those of clients; they are asked for one then"},
	{.name = "sessions.max", NUMBER(sessions_max, 1, 100000), .value = "500", .help = "auth=password: most sessions, each with a connection to PostgreSQL"},
	{.name = "login.timeout", TIME(login_timeout_ms, 100, HOUR), .value = "1min", .reloadable = true,
		.help = "auth=password: how long PostgreSQL may take over a password that it has asked for (503); one of which it says nothing counts as wrong"},
	{.name = "session.idle", TIME(session_idle_ms, SECOND, 24 * HOUR), .value = "60min", .help = "auth=password: a session that nobody uses ends after so long"},
	{.name = "session.max", TIME(session_max_ms, SECOND, 168 * HOUR), .value = "720min", .help = "auth=password: and any session after so long"},
	{.name = "session.keep_password", FLAG(session_keep_password),
		.help = "auth=password: keep the password in memory, to log in again by itself where the connection to PostgreSQL was lost"},
	{.name = "session.rate", NUMBER(session_rate, 0, 100000), .value = "100", .reloadable = true,
		.help = "auth=password: most requests that write a second of one session (429); 0: no limit"},
	{.name = "role.rate", NUMBER(role_rate, 0, 100000), .value = "0", .reloadable = true,
		.help = "auth=proxy, certificate and jwt: most requests that write a second of one role (429); 0: no limit"},

	{.name = "body.max", BYTES(body_max, KB, 64 * MB), .value = "1MB", .reloadable = true, .group = "Limits", .help = "largest body (413)"},
	{.name = "batch.max", BYTES(batch_max, KB, 256 * MB), .value = "16MB", .reloadable = true, .help = "largest body of POST /commands, and of an array of FIX messages (413)"},
	{.name = "bodies.max", BYTES(bodies_max, KB, 64 * GB), .value = "256MB", .reloadable = true,
		.help = "most bytes of the bodies of all requests together and of answers that are not taken yet (503)"},
	{.name = "headers.max", BYTES(headers_max, KB, 48 * KB), .value = "16kB", .help = "most bytes of all headers (431)"},
	{.name = "connections.max", NUMBER(connections_max, 1, 100000), .value = "2000", .help = "most connections of clients (503)"},
	{.name = "address.connections", NUMBER(address_max, 1, 100000), .value = "64", .reloadable = true,
		.help = "most connections from one address (503), of IPv6 from one /64; a Unix socket is none"},
	{.name = "head.timeout", TIME(head_timeout_ms, 100, HOUR), .value = "10s", .reloadable = true, .help = "a connection whose first head takes longer is closed"},
	{.name = "body.timeout", TIME(body_timeout_ms, 100, HOUR), .value = "30s", .reloadable = true, .help = "and one whose body takes longer"},
	{.name = "idle.timeout", TIME(idle_timeout_ms, 100, HOUR), .value = "75s", .reloadable = true,
		.help = "and one that sends no next request, or does not take its answer"},
	{.name = "drain.timeout", TIME(drain_timeout_ms, 0, HOUR), .value = "10s", .reloadable = true, .help = "how long a stop waits for what runs"},

	{.name = "feed.dsn", DSN(feed_dsn), .value = "", .group = "What is live",
		.help = "libpq connection string of a login with REPLICATION, oms_bridge and oms_reader, to the primary: /live shows orders as they change; empty: there is no /live (501)"},
	{.name = "live.max.rows", NUMBER(live_max_rows, 1000, 2000000000), .value = "20000000", .help = "most rows of a kind in memory; those above are left out, and counted"},
	{.name = "live.max.views", NUMBER(live_max_views, 1, 100000), .value = "512", .help = "most different views that are looked at (503)"},
	{.name = "live.max.streams", NUMBER(live_max_streams, 1, 100000), .value = "500", .help = "most streams (503)"},
	{.name = "live.user.streams", NUMBER(live_user_streams, 1, 100000), .value = "32", .help = "most streams of one user, of a session where there are any (429)"},
	{.name = "live.stream.views", NUMBER(live_stream_views, 1, 1000), .value = "64", .help = "most views of one stream (422)"},

	{.name = "admin.listen", TEXT(admin_listen, 100), .value = "127.0.0.1:9465", .group = "Looking at it",
		.help = "address and port of /metrics, /healthz and /readyz; off: none"},
	{.name = "access.log", TEXT(access_log, 1000), .value = "", .reloadable = true,
		.help = "file with a JSON line for each request, opened again by a reload; stderr: among the other lines of the log; empty: none"},
	{.name = "log.level", CHOICE(settings.log_level, setting_log_levels), .value = "info", .reloadable = true, .help = "lowest level that is logged"},
	{.name = "log.format", CHOICE(settings.log_format, setting_log_formats), .value = "plain", .help = "lines to read, or one JSON object a line"},
};

static void
options_version(Text *text)
{
	text_printf(text, "oms_gateway %s (libmicrohttpd %s, libpq %d.%d)\n", GATEWAY_VERSION, MHD_get_version(), PQlibVersion() / 10000, PQlibVersion() % 10000);
}

static bool
check_dsn(const char *setting, const char *dsn, Problem *problem)
{
	return dsn_check(setting, dsn, problem) &&
		(!dsn_says(dsn, "replication") || problem_set(problem, REMEDY_STOP, "take replication= out", "%s says replication", setting));
}

static bool
options_check(Settings *settings, Problem *problem)
{
	const Options *options = (const Options *) settings;

	if (!check_dsn("dsn", options->dsn, problem) || !check_dsn("read.dsn", options->read_dsn, problem))
		return false;
	if (!check_dsn("feed.dsn", options->feed_dsn, problem))
		return false;
	if (options->batch_max < options->body_max)
		return problem_set(problem, REMEDY_STOP, "a batch is several commands: give it more", "batch.max is less than body.max");
	if (options->bodies_max < options->batch_max)
		return problem_set(problem, REMEDY_STOP, "the largest body must find room where there is no other", "bodies.max is less than batch.max");
	if (options->auth == AUTH_PROXY && strstr(options->listen, "unix:") == NULL)
		return problem_set(problem, REMEDY_STOP, "listen on unix:/PATH, which only the proxy can open: on a port anybody could say who he is",
						   "auth is proxy, and listen names no Unix socket");
	if (options->auth == AUTH_JWT && (options->jwt_keys[0] == '\0' || options->jwt_issuer[0] == '\0' || options->jwt_audience[0] == '\0' || options->jwt_claim[0] == '\0'))
		return problem_set(problem, REMEDY_STOP, "a token that is not for us, or not from whom we trust, must not let anybody in",
						   "auth is jwt, and one of jwt.keys, jwt.issuer, jwt.audience and jwt.claim is empty");
	if ((options->tls_certificate[0] == '\0') != (options->tls_key[0] == '\0') || (options->tls_clients[0] != '\0' && options->tls_certificate[0] == '\0'))
		return problem_set(problem, REMEDY_STOP, "name both, or none of the three", "tls.certificate and tls.key belong together, and tls.clients to them");
	if (options->auth == AUTH_CERTIFICATE && options->tls_clients[0] == '\0')
		return problem_set(problem, REMEDY_STOP, "name who signs the certificates of clients", "auth is certificate, and tls.clients is empty");
	return monitor_check("admin.listen", options->admin_listen, problem);
}

const SettingTable options_table = {
	.program = "oms_gateway",
	.help_head = "oms_gateway answers HTTP in front of a database with oms_state: commands, batches, FIX messages, services and queries.\n\n"
	"Usage: oms_gateway [--config FILE] [--NAME VALUE]...\n\n"
	"  -c, --config FILE\n        file of \"NAME = VALUE\" lines; the command line wins over it\n"
	"  --check\n        read and check the configuration, show it without its secrets, and exit\n"
	"  -h, --help\n  -V, --version\n\n"
	"BYTES may end with kB, MB or GB, TIME with ms (when nothing is said), s or min.\n"
	"* : a reload (SIGHUP) changes it while the gateway runs.\n",
	.help_tail = "\nExit codes: 0 stopped when asked to, 1 broken, 2 wrong options or configuration.\n"
	"See oms_gateway(1).\n",
	.rows = option_rows,
	.count = sizeof(option_rows) / sizeof(option_rows[0]),
	.size = sizeof(Options),
	.version = options_version,
	.check = options_check,
};
