/* The floor: every packet of a capture read through libpcap and counted, nothing else. */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

int main(int count, char **words)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	uint64_t packets = 0, length = 0;
	pcap_t *capture;
	int status;

	if (count != 2) {
		fprintf(stderr, "usage: %s FILE\n", words[0]);
		return 2;
	}
	capture = pcap_open_offline(words[1], error);
	if (capture == NULL) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	while ((status = pcap_next_ex(capture, &header, &bytes)) == 1) {
		packets++;
		length += header->len;
	}
	if (status == PCAP_ERROR)
		pcap_perror(capture, words[1]);
	pcap_close(capture);
	printf("%llu packets %llu bytes\n", (unsigned long long)packets, (unsigned long long)length);
	return status == PCAP_ERROR;
}
