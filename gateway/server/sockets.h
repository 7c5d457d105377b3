/*
 * gateway/server/sockets.h
 *     Sockets that listen: "127.0.0.1:8080", "[::1]:8080", "unix:/run/oms_gateway/socket".
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "base.h"

#define SOCKETS_MAX 4

/* Addresses with commas between. Opens all or none; answers how many, 0 with a problem. Ports that were chosen (":0") go to the log. */
extern int	sockets_open(const char *addresses, int fds[SOCKETS_MAX], Problem *problem);
#define ADDRESS_SIZE 48

struct sockaddr;

/*
 * A client's address for the log ("unix" where it is none), and what counts as one client: of IPv6 its /64, all of which one has who has any. An
 * IPv4 address within IPv6 is that address. False: it came by a Unix socket.
 */
extern bool sockets_name(const struct sockaddr *from, char address[ADDRESS_SIZE], char client[ADDRESS_SIZE]);

/* Removes what was made in the file system. */
extern void sockets_end(void);

#endif
