/*
 * bench/http_load.c
 *     Sends POST requests over a number of connections that are kept, one on its way on each, and says how many were answered with 200.
 *
 * http_load PORT PATH CONNECTIONS SECONDS BODY [HEADER...]: in BODY each "%" is the number of the request.
 * Prints requests a second, their median and 99th percentile in ms, and how many were answered otherwise.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROOM (64 * 1024)

typedef struct Client
{
	int			fd;
	char		in[ROOM];
	size_t		len;
	size_t		skip;			/* bytes of a body still to come */
	bool		chunked;		/* it is over behind its last chunk */
	char		last[8];		/* bytes of it */
	double		since;
} Client;

static const char *head;
static const char *body;
static unsigned long number;
static unsigned long good;
static unsigned long others;
static float *times;
static size_t times_room;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void
send_one(Client *client)
{
	static char text[ROOM];
	static char request[ROOM];
	size_t		at = 0;
	int			len;

	number++;
	for (const char *c = body; *c != '\0' && at < ROOM - 32; c++)
		if (*c == '%')
			at += (size_t) sprintf(text + at, "%lu", number);
		else
			text[at++] = *c;
	len = snprintf(request, sizeof request, "%sContent-Length: %zu\r\n\r\n%.*s", head, at, (int) at, text);
	client->since = now();
	if (write(client->fd, request, (size_t) len) != len)
	{
		fprintf(stderr, "cannot write: %s\n", strerror(errno));
		exit(1);
	}
}

/* Whether these bytes end a body in chunks. */
static bool
is_last(Client *client, const char *bytes, size_t len)
{
	static const char end[] = "\r\n0\r\n\r\n";
	size_t		keep = len < sizeof end - 1 ? len : sizeof end - 1;

	memmove(client->last, client->last + keep, sizeof end - 1 - keep);
	memcpy(client->last + sizeof end - 1 - keep, bytes + len - keep, keep);
	return memcmp(client->last, end, sizeof end - 1) == 0;
}

/* True when an answer is over. */
static bool
take(Client *client)
{
	char	   *end;
	char	   *length;
	ssize_t		got = read(client->fd, client->in + client->len, client->skip > 0 ? (client->skip < ROOM ? client->skip : ROOM) : ROOM - 1 - client->len);

	if (got <= 0)
	{
		fprintf(stderr, "the connection ended\n");
		exit(1);
	}
	if (client->chunked)
		return !(client->chunked = !is_last(client, client->in, (size_t) got));
	if (client->skip > 0)
	{
		client->skip -= (size_t) got;
		return client->skip == 0;
	}
	client->len += (size_t) got;
	client->in[client->len] = '\0';
	end = strstr(client->in, "\r\n\r\n");
	if (end == NULL)
		return false;
	if (strncmp(client->in, "HTTP/1.1 200", 12) == 0)
		good++;
	else if (others++ == 0)
		fprintf(stderr, "%s\n", client->in);
	length = strcasestr(client->in, "\r\ncontent-length:");
	if (length == NULL || length > end)
	{
		size_t		len = client->len;

		client->len = 0;
		memset(client->last, 0, sizeof client->last);
		return !(client->chunked = !is_last(client, client->in, len));
	}
	client->skip = (size_t) (end + 4 - client->in) + strtoul(length + 17, NULL, 10) - client->len;
	client->len = 0;
	return client->skip == 0;
}

static int
compare(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	int			epoll = epoll_create1(0);
	int			connections = argc > 5 ? atoi(argv[3]) : 0;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) (argc > 5 ? atoi(argv[1]) : 0)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	static char heads[8192];
	size_t		at;
	double		until;
	double		begun;
	size_t		count = 0;

	if (argc < 6)
	{
		fprintf(stderr, "http_load PORT PATH CONNECTIONS SECONDS BODY [HEADER...]\n");
		return 2;
	}
	at = (size_t) sprintf(heads, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n", argv[2]);
	for (int i = 6; i < argc; i++)
		at += (size_t) sprintf(heads + at, "%s\r\n", argv[i]);
	head = heads;
	body = argv[5];
	begun = now();
	until = begun + atof(argv[4]);
	for (int i = 0; i < connections; i++)
	{
		Client	   *client = calloc(1, sizeof *client);
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
		int			on = 1;

		client->fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(client->fd, (struct sockaddr *) &address, sizeof address) != 0)
		{
			fprintf(stderr, "cannot connect: %s\n", strerror(errno));
			return 1;
		}
		setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event);
		send_one(client);
	}
	for (int running = connections; running > 0;)
	{
		struct epoll_event events[64];
		int			n = epoll_wait(epoll, events, 64, 10000);

		if (n <= 0)
			return 1;
		for (int i = 0; i < n; i++)
		{
			Client	   *client = events[i].data.ptr;

			if (!take(client))
				continue;
			if (count == times_room)
			{
				times_room = times_room == 0 ? 65536 : times_room * 2;
				times = realloc(times, times_room * sizeof *times);
			}
			times[count++] = (float) ((now() - client->since) * 1000);
			if (now() < until)
				send_one(client);
			else
				running--;
		}
	}
	qsort(times, count, sizeof *times, compare);
	printf("%.0f requests/s, median %.2f ms, 99%% %.2f ms, %lu answered otherwise\n", (double) good / (now() - begun), count > 0 ? times[count / 2] : 0,
		   count > 0 ? times[count * 99 / 100] : 0, others);
	return 0;
}
