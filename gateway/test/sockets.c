/*
 * gateway/test/sockets.c
 *     Who counts as one client: what breaks if somebody with a network of his own is as many as he has addresses, or if all who come by IPv4 to
 *     a socket of IPv6 are one.
 */
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "sockets.h"

int
main(void)
{
	static const struct
	{
		const char *from;
		const char *address;
		const char *client;
	}			cases[] = {
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"2001:db8:1:2::1", "2001:db8:1:2::1", "2001:db8:1:2::"},
		{"2001:db8:1:3::1", "2001:db8:1:3::1", "2001:db8:1:3::"},
		{"::1", "::1", "::"},
		{"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"},
		{"::ffff:192.0.2.8", "192.0.2.8", "192.0.2.8"},
		{"192.0.2.7", "192.0.2.7", "192.0.2.7"},
	};
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	char		address[ADDRESS_SIZE];
	char		client[ADDRESS_SIZE];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		struct sockaddr_in four = {.sin_family = AF_INET};
		struct sockaddr_in6 six = {.sin6_family = AF_INET6};
		bool		is_six = strchr(cases[i].from, ':') != NULL;

		ok(inet_pton(is_six ? AF_INET6 : AF_INET, cases[i].from, is_six ? (void *) &six.sin6_addr : (void *) &four.sin_addr) == 1, "%s is an address", cases[i].from);
		ok(sockets_name(is_six ? (struct sockaddr *) &six : (struct sockaddr *) &four, address, client), "and no Unix socket");
		is_str(address, cases[i].address, "its name");
		is_str(client, cases[i].client, "and as whom it counts");
	}
	ok(!sockets_name((struct sockaddr *) &local, address, client) && strcmp(address, "unix") == 0, "a Unix socket");
	return done();
}
