/*
 * gateway/server/options.h
 *     The settings of oms_gateway.
 *
 * How they are read is common/settings.h.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "settings.h"

#define GATEWAY_VERSION "0.2.0"

typedef enum AuthMode
{
	AUTH_PASSWORD,				/* each session logs in to PostgreSQL */
	AUTH_PROXY,					/* a header of a proxy in front says who asks */
	AUTH_CERTIFICATE,			/* a client's certificate does */
	AUTH_JWT,					/* a token that somebody else has signed says who asks */
	AUTH_LOGIN					/* everybody is the pool's login: for tests, and where the network lets nobody else in */
} AuthMode;

typedef struct Options
{
	Settings	settings;		/* what all programs have */

	/* PostgreSQL */
	char	   *dsn;
	char	   *read_dsn;
	int64_t		pool_size;
	int64_t		read_pool_size;
	int64_t		pool_queue;
	int64_t		queue_timeout_ms;
	int64_t		command_timeout_ms;
	int64_t		query_timeout_ms;

	/* who asks */
	char	   *listen;			/* addresses, with commas between */
	char	   *server_names;
	int			auth;
	char	   *proxy_header;
	char	   *jwt_keys;
	char	   *jwt_issuer;
	char	   *jwt_audience;
	char	   *jwt_claim;
	char	   *jwt_roles;
	int64_t		jwt_leeway_ms;
	char	   *tls_certificate;
	char	   *tls_key;
	char	   *tls_clients;
	bool		allow_admin;
	int64_t		sessions_max;
	int64_t		login_timeout_ms;
	int64_t		session_idle_ms;
	int64_t		session_max_ms;
	int64_t		role_rate;
	bool		session_keep_password;
	int64_t		session_rate;

	/* limits */
	int64_t		body_max;
	int64_t		batch_max;
	int64_t		bodies_max;
	int64_t		headers_max;
	int64_t		connections_max;
	int64_t		address_max;
	int64_t		head_timeout_ms;
	int64_t		body_timeout_ms;
	int64_t		idle_timeout_ms;
	int64_t		drain_timeout_ms;

	/* what is live */
	char	   *feed_dsn;		/* "" = nothing */
	int64_t		live_max_rows;
	int64_t		live_max_views;
	int64_t		live_max_streams;
	int64_t		live_user_streams;
	int64_t		live_stream_views;

	/* looking at it */
	char	   *admin_listen;	/* "off" = none */
	char	   *access_log;		/* a file; "" = none, "stderr" = among the other lines */
} Options;

/* The rows, for settings_load() and its sisters. */
extern const SettingTable options_table;

#endif
