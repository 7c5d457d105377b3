/*
 * gateway/server/sockets.c
 *     Sockets that listen.
 */
#define _GNU_SOURCE
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#define BACKLOG 1024
#define HINT "write ADDRESS:PORT, like 127.0.0.1:8080, [::1]:8080, or 0.0.0.0:8080 for all interfaces, or unix:/PATH; several with commas between"

typedef union Address
{
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un local;
} Address;

static char *paths[SOCKETS_MAX];

static socklen_t
read_address(const char *text, Address *address)
{
	const char *colon = strrchr(text, ':');
	size_t		digits = colon != NULL ? strspn(colon + 1, "0123456789") : 0;
	char		host[INET6_ADDRSTRLEN + 2];
	size_t		len;
	long		port;

	memset(address, 0, sizeof *address);
	if (strncmp(text, "unix:/", 6) == 0)
	{
		if (strlen(text + 5) >= sizeof address->local.sun_path)
			return 0;
		address->local.sun_family = AF_UNIX;
		memcpy(address->local.sun_path, text + 5, strlen(text + 5) + 1);
		return sizeof address->local;
	}
	if (digits == 0 || digits > 5 || colon[1 + digits] != '\0' || (size_t) (colon - text) >= sizeof host)
		return 0;
	port = strtol(colon + 1, NULL, 10);
	len = (size_t) (colon - text);
	memcpy(host, text, len);
	host[len] = '\0';
	if (port > UINT16_MAX)
		return 0;
	if (len > 2 && host[0] == '[' && host[len - 1] == ']')
	{
		host[len - 1] = '\0';
		address->six.sin6_family = AF_INET6;
		address->six.sin6_port = htons((uint16_t) port);
		return inet_pton(AF_INET6, host + 1, &address->six.sin6_addr) == 1 ? sizeof address->six : 0;
	}
	address->four.sin_family = AF_INET;
	address->four.sin_port = htons((uint16_t) port);
	return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &address->four.sin_addr) == 1 ? sizeof address->four : 0;
}

/* A socket's file that nobody listens at any more is in the way; one that somebody does is not ours to take. */
static void
remove_stale(const Address *address, socklen_t len)
{
	struct stat status;
	int			fd;

	if (lstat(address->local.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, &address->any, len) != 0 && errno == ECONNREFUSED)
		unlink(address->local.sun_path);
	if (fd >= 0)
		close(fd);
}

static void
say_port(const char *text, int fd)
{
	Address		address;
	socklen_t	len = sizeof address;

	if (strncmp(text, "unix:", 5) == 0)
		log_info("listening on %s", text);
	else if (getsockname(fd, &address.any, &len) == 0)
		log_info("listening on %s, port %u", text, ntohs(address.any.sa_family == AF_INET6 ? address.six.sin6_port : address.four.sin_port));
}

static int
open_one(const char *text, Problem *problem)
{
	Address		address;
	socklen_t	len = read_address(text, &address);
	int			on = 1;
	int			fd;

	if (len == 0)
	{
		problem_set(problem, REMEDY_STOP, HINT, "listen cannot be \"%.100s\"", text);
		return -1;
	}
	if (address.any.sa_family == AF_UNIX)
		remove_stale(&address, len);
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && address.any.sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd >= 0 && bind(fd, &address.any, len) == 0 && listen(fd, BACKLOG) == 0)
	{
		say_port(text, fd);
		return fd;
	}
	problem_set(problem, REMEDY_STOP, errno == EADDRINUSE ? "another program, perhaps another gateway, listens there" : HINT,
				"cannot listen on %.200s: %s", text, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int
sockets_open(const char *addresses, int fds[SOCKETS_MAX], Problem *problem)
{
	char	   *list = must_strdup(addresses);
	char	   *rest = NULL;
	int			count = 0;
	bool		fine = true;

	for (char *one = strtok_r(list, ", ", &rest); fine && one != NULL; one = strtok_r(NULL, ", ", &rest))
	{
		if (count == SOCKETS_MAX)
		{
			fine = problem_set(problem, REMEDY_STOP, NULL, "listen has more than %d addresses", SOCKETS_MAX);
			break;
		}
		fds[count] = open_one(one, problem);
		fine = fds[count] >= 0;
		if (fine && strncmp(one, "unix:", 5) == 0)
			paths[count] = must_strdup(one + 5);
		count += fine;
	}
	free(list);
	if (fine && count == 0)
		fine = problem_set(problem, REMEDY_STOP, HINT, "listen names no address");
	if (fine)
		return count;
	while (count > 0)
		close(fds[--count]);
	sockets_end();
	return 0;
}

bool
sockets_name(const struct sockaddr *from, char address[ADDRESS_SIZE], char client[ADDRESS_SIZE])
{
	struct in6_addr six;

	if (from->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *) from)->sin_addr, address, ADDRESS_SIZE);
	else if (from->sa_family != AF_INET6)
		snprintf(address, ADDRESS_SIZE, "unix");
	else
	{
		six = ((const struct sockaddr_in6 *) from)->sin6_addr;
		if (!IN6_IS_ADDR_V4MAPPED(&six))
		{
			inet_ntop(AF_INET6, &six, address, ADDRESS_SIZE);
			memset(six.s6_addr + 8, 0, 8);
			inet_ntop(AF_INET6, &six, client, ADDRESS_SIZE);
			return true;
		}
		inet_ntop(AF_INET, six.s6_addr + 12, address, ADDRESS_SIZE);
	}
	memcpy(client, address, ADDRESS_SIZE);
	return from->sa_family == AF_INET || from->sa_family == AF_INET6;
}

void
sockets_end(void)
{
	for (int i = 0; i < SOCKETS_MAX; i++)
		if (paths[i] != NULL)
		{
			unlink(paths[i]);
			free(paths[i]);
			paths[i] = NULL;
		}
}
