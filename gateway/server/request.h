/*
 * gateway/server/request.h
 *     One request from its head to the end of its answer.
 *
 *     head      the guard, the route and the identity are asked; a refusal is sent and the body never read
 *     body      gathered, up to the route's limit
 *     running   the connection to the client is suspended; a job is on its way
 *     answered  the answer is handed over, or streams
 *
 * A client may go at any time; what was begun goes on, and the request lives until both are over.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <microhttpd.h>

#include "guard.h"
#include "pool.h"
#include "routes.h"
#include "trace.h"

#define REQUEST_HEADERS_MAX 64
#define REQUEST_ID_SIZE 65
#define ANSWER_HEADERS_MAX 12

struct Peer;
struct Login;

typedef struct Identity
{
	const char *role;			/* for SQL_ROLE; NULL: whoever the connection is logged in as */
	Pool	   *pool;			/* to write to */
	struct Login *login;		/* of a password session; held as long as the request lives */
	char		role_room[64];
	int64_t		until_s;		/* when the token ends that says so, in seconds since 1970; 0: there is none */
	bool		became;			/* the role is the connection's own for now, and is to be given back */
} Identity;

typedef struct Stream Stream;

typedef struct Request
{
	/* what was asked */
	struct MHD_Connection *mhd; /* NULL: the client is gone */
	struct Peer *peer;
	char	   *target;			/* as it came */
	Span		path;			/* in it, up to the '?' */
	Span		query;			/* behind it; NULL data: there is none */
	Header		headers[REQUEST_HEADERS_MAX];
	GuardRequest head;
	RouteMatch	match;
	Text		body;
	Identity	identity;
	char		id[REQUEST_ID_SIZE];	/* the client's X-Request-Id where it can be one, else made here */
	char		trace[TRACE_PARENT_LEN + 1];	/* of a traceparent header */
	char		token[64];		/* of Oms-Token */
	int64_t		since_us;

	/* what is done about it */
	Job			job;
	void		(*end) (struct Request *request, JobEnd end);	/* of the job; answers */
	Text		result;			/* for whoever runs the job */
	void	   *more;			/* the route's own, with its end */
	void		(*free_more) (struct Request *request);
	bool		begun;			/* the head was looked at */
	bool		too_many_headers;	/* those that there is room for are there */
	bool		too_large;
	bool		no_room;		/* for its body, beside those of others */
	uint64_t	bytes_held;		/* of bodies.max: its body, and its answer where that does not stream */
	uint64_t	bytes_received; /* of the body */
	bool		running;
	bool		suspended;
	bool		job_runs;
	bool		over;			/* the client got all, or is gone */

	/* the answer */
	bool		answered;
	bool		sent;
	int			status;
	const char *type;
	const char *cache;			/* Cache-Control; NULL: nobody keeps it */
	Text		answer;
	struct
	{
		const char *name;
		char	   *value;
	}			answer_headers[ANSWER_HEADERS_MAX];
	int			nanswer_headers;
	bool		close;
	Stream	   *stream;
	void		(*drained) (struct Request *request);	/* or NULL: the client has taken most of what was written to the stream */
	uint64_t	bytes_sent;
} Request;

/* What the head says of the request's name. */
extern void request_take_names(Request *request);
/* What goes into the events of what it asks for: the parent of its trace, else its id. */
extern const char *request_correlation(const Request *request);

/* The value of a header that may be given once; NULL data: it is not there, or several times (which the guard refuses where it matters). */
extern Span request_header(const Request *request, const char *name);

/* Its route takes a body, and it says that it is JSON. */
extern bool request_body_is_json(const Request *request);

/* The answer; text is taken over. At most once. */
extern void request_answer(Request *request, int status, const char *type, Text *text);
extern void request_add_header(Request *request, const char *name, const char *value);
/* What the gateway refuses by itself. */
extern void request_refuse(Request *request, const Refused *refused);
extern void request_refuse_with(Request *request, int status, const char *detail);
/* What PostgreSQL refused, or why the job did not get so far. command_id may be NULL. */
extern void request_job_failed(Request *request, JobEnd end, const char *command_id);
/* Whether a header says something else of what the status stands for. */
extern bool request_if_match(const Request *request);

/*
 * The job of a request. The first step that is added brings the identity's role before it, where there is one; the job's row(), repeats,
 * streams and writes are set by whoever runs it; of is the request. What end() does not answer is answered for it.
 */
extern JobStep *request_add_step(Request *request, Statement statement);
extern void request_run_job(Request *request, Pool *pool, void (*end) (Request *request, JobEnd end));
/* A job's row(): the one value of its last step becomes request->result. */
extern void request_take_result(Job *job, int step, const PGresult *result, int row);
/*
 * The same for what only reads: its transaction is READ ONLY and has query.timeout, and on a standby it begins once that has what the
 * request's Oms-Token stands for. Where to is the pool that it answers.
 */
extern Pool *request_begin_read(Request *request);
/* Values live as long as the request. */
extern void step_value(JobStep *step, int number, const char *value);
extern void step_binary(JobStep *step, int number, const char *data, size_t len);

/*
 * An answer that is written bit by bit, by a job that streams: its rows stop while the client does not take them. The status must be
 * known when it begins.
 */
extern void request_stream(Request *request, int status, const char *type);
extern void request_write(Request *request, const char *data, size_t len);
/* Little waits for the client: more may be written. */
extern bool request_has_room(const Request *request);
/* The client has taken all that was written: what is written now is no more than what there is to see. */
extern bool request_is_taken(const Request *request);
/* fine: else the connection is cut, so that nobody takes a part for the whole. */
extern void request_stream_end(Request *request, bool fine);

/* For listener.c. */
extern Request *request_new(struct MHD_Connection *mhd, char *target);	/* its query is taken out of it */
extern void request_gone(Request *request);	/* the client has it all, or is gone */
extern enum MHD_Result request_send(Request *request);
extern void request_run(Request *request);	/* routes.c's table: everything has come */

/* Says which identity a request has, as its head is there; false: refused. */
extern bool (*request_identify) (Request *request, Refused *refused);
/* Told when a request is over, for the log of accesses. */
extern void (*request_over) (const Request *request);

#endif
