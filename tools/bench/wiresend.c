/* Sends the frames of a capture (pcap, little-endian) into an interface, over and over, at a rate or as fast as it can. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_HEADER 24
#define RECORD_HEADER 16
#define LARGEST 65535 /* as the interface is set */
#define TOGETHER 64
#define SLEEP_SECONDS 100e-6 /* shorter waits are spun */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int count, char **words)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct mmsghdr messages[TOGETHER];
	struct iovec pieces[TOGETHER];
	struct stat status;
	const uint8_t *capture;
	double rate, seconds, begin, wait;
	uint64_t sent = 0, bytes = 0;
	uint32_t size;
	size_t at = FILE_HEADER;
	int file, wire, one = 1, done, n;

	if (count != 5) {
		fprintf(stderr, "usage: %s INTERFACE CAPTURE PACKETS_A_SECOND SECONDS (rate 0: as fast as it can)\n", words[0]);
		return 2;
	}
	rate = atof(words[3]);
	seconds = atof(words[4]);
	file = open(words[2], O_RDONLY);
	if (file < 0 || fstat(file, &status) < 0)
		return fail(words[2]);
	capture = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
	if (capture == MAP_FAILED)
		return fail(words[2]);
	wire = socket(AF_PACKET, SOCK_RAW, 0);
	address.sll_ifindex = if_nametoindex(words[1]);
	if (wire < 0 || bind(wire, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(words[1]);
	setsockopt(wire, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	memset(messages, 0, sizeof(messages));

	begin = now();
	while (now() - begin < seconds) {
		for (n = 0; n < TOGETHER; n++) {
			if (at + RECORD_HEADER > (size_t)status.st_size)
				at = FILE_HEADER;
			memcpy(&size, capture + at + 8, sizeof(size));
			at += RECORD_HEADER + size;
			if (size < ETH_HLEN || size > ETH_HLEN + LARGEST) {
				n--; /* no interface takes it */
				continue;
			}
			pieces[n].iov_base = (void *)(capture + at - size);
			pieces[n].iov_len = size;
			messages[n].msg_hdr.msg_iov = &pieces[n];
			messages[n].msg_hdr.msg_iovlen = 1;
			bytes += size;
		}
		for (done = 0; done < TOGETHER;) {
			n = sendmmsg(wire, messages + done, TOGETHER - done, 0);
			if (n < 0 && errno != ENOBUFS && errno != EINTR)
				return fail("sendmmsg");
			done += n > 0 ? n : 0;
		}
		sent += TOGETHER;
		while (rate > 0 && (wait = begin + sent / rate - now()) > 0)
			if (wait > SLEEP_SECONDS)
				usleep((wait - SLEEP_SECONDS / 2) * 1e6);
	}
	printf("{\"sent\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n", (unsigned long long)sent, (unsigned long long)bytes,
	       now() - begin);
	return 0;
}
