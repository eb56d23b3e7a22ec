/* The least a receiver can do: a ring of the kernel's (TPACKET_V3) walked and its packets counted, until SIGTERM. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define BLOCK (1 << 20)
#define BLOCKS 64
#define FRAME 2048
#define TIMEOUT_MS 20

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int count, char **words)
{
	struct tpacket_req3 request = {.tp_block_size = BLOCK, .tp_block_nr = BLOCKS, .tp_frame_size = FRAME,
				       .tp_frame_nr = BLOCK / FRAME * BLOCKS, .tp_retire_blk_tov = TIMEOUT_MS};
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct sigaction action = {.sa_handler = end};
	struct tpacket_stats_v3 lost;
	struct tpacket_block_desc *block;
	struct tpacket3_hdr *frame;
	struct pollfd ready;
	socklen_t size = sizeof(lost);
	uint64_t packets = 0, bytes = 0;
	unsigned at = 0, n;
	int version = TPACKET_V3;
	uint8_t *ring;

	if (count != 2) {
		fprintf(stderr, "usage: %s INTERFACE\n", words[0]);
		return 2;
	}
	ready.fd = socket(AF_PACKET, SOCK_RAW, 0);
	ready.events = POLLIN | POLLERR;
	if (ready.fd < 0 || setsockopt(ready.fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(ready.fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) < 0)
		return fail("ring");
	ring = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, ready.fd, 0);
	if (ring == MAP_FAILED)
		return fail("mmap");
	address.sll_ifindex = if_nametoindex(words[1]);
	if (bind(ready.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(words[1]);
	sigaction(SIGTERM, &action, NULL);
	puts("ready");
	fflush(stdout);

	while (!ended) {
		block = (struct tpacket_block_desc *)(ring + (size_t)BLOCK * at);
		if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
			poll(&ready, 1, 1000);
			continue;
		}
		frame = (struct tpacket3_hdr *)((uint8_t *)block + block->hdr.bh1.offset_to_first_pkt);
		for (n = block->hdr.bh1.num_pkts; n > 0; n--) {
			packets++;
			bytes += frame->tp_len;
			frame = (struct tpacket3_hdr *)((uint8_t *)frame + frame->tp_next_offset);
		}
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		at = (at + 1) % BLOCKS;
	}
	getsockopt(ready.fd, SOL_PACKET, PACKET_STATISTICS, &lost, &size);
	packets += lost.tp_drops; /* they came, as the engine counts */
	printf("{\"packets\": %llu, \"bytes\": %llu, \"kernel\": %u}\n", (unsigned long long)packets,
	       (unsigned long long)bytes, lost.tp_drops);
	return 0;
}
