// SPDX-License-Identifier: GPL-2.0
/*
 * ksmguests [-g GUESTS] [-m MIB] [-p PASSES] [-a APPEND] [-k KERNELS] ksm|merge: Linux guests, and
 * what deduplication makes of them.
 *
 * Guests are started one after the other, of ./bzImage and ./initrd, under QEMU with KVM
 * for ksm, by ./vmctl for merge; each says "guest: waiting" when it is to be left
 * alone.  KERNELS are files in the place of ./bzImage, with commas, which they take in turn; each
 * finds its number in guest=N.  Then there are passes until another one saves little, or PASSES of them.
 *
 * A line each, before the first pass and after each: "SIDE,PASS,KIB,PAGES,ZERO,COST,HUGE,OWN,ORACLE":
 * memory that a guest takes of the host's, its monitor's included; frames that are saved, and
 * pages of zeros, of all; instructions of all passes, those of the thread that makes them alone,
 * for guests are not quite idle; pages in blocks of 2 MiB, of those that no other has; pages that
 * would be saved if all that are equal were merged, whatever block they are in (0: not known).
 * In the end "SIDE,added,KIB": what the last guest took of the host's memory beside the others.
 *
 * ksmguests -d SEED PAGES: pages of a trace, to be a file of all guests.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "side.h"
#include "trace.h"

#define GUESTS_MAX	64

/* Saves little: less than the hundredth part of what is saved. */
#define PART		100

static const struct side *side;
static unsigned int guests = 4, mib = 128, passes_max = 8;
static const char *append = "";
static char *kernel[8] = { "bzImage" };
static unsigned int kernels = 1;
static pid_t pid[GUESTS_MAX];

/* KiB of the host's memory. */
static uint64_t used(void)
{
	side_put("/proc/sys/vm", "drop_caches", 3);
	return side_field("/proc/meminfo", "MemTotal") - side_field("/proc/meminfo", "MemFree");
}

/* --- guests ----------------------------------------------------------------------- */

static void exec_monitor(unsigned int i)
{
	char *image = kernel[i % kernels], memory[16], words[1024];

	snprintf(memory, sizeof(memory), "%uM", mib);
	snprintf(words, sizeof(words), "console=ttyS0 panic=-1 quiet cryptomgr.notests wait=1 guest=%u %s",
		 i, append);
	if (side == &side_linux)
		execlp("qemu-system-x86_64", "qemu-system-x86_64", "-accel", "kvm", "-cpu", "host",
		       "-m", memory, "-nodefaults", "-no-user-config", "-display", "none",
		       "-no-reboot", "-serial", "stdio", "-kernel", image, "-initrd",
		       "initrd", "-append", words, NULL);
	else
		execl("./vmctl", "vmctl", "run", "-m", memory, "-k", image, "-i", "initrd",
		      "-a", words, NULL);
	err(127, "the monitor");
}

/* What it has done, if that is something. */
static void tell_work(const char *text)
{
	const char *work = strstr(text, "guest: work ");

	if (work)
		printf("# %.*s\n", (int)strcspn(work, "\r\n"), work);
}

/* What it says after that goes unheard. */
static void await(int fd)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
		len += n;
		text[len] = 0;
		if (strstr(text, "guest: failed"))
			break;
		if (strstr(text, "guest: waiting")) {
			tell_work(text);
			return;
		}
		if (len == sizeof(text) - 1)
			break;
	}
	errx(1, "a guest does not wait, but says: %.2000s", text);
}

static void start(unsigned int i)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), out[2];

	if (pipe2(out, O_CLOEXEC))
		err(1, "pipe");
	fflush(stdout);
	pid[i] = fork();
	if (pid[i] < 0)
		err(1, "fork");
	if (!pid[i]) {
		dup2(null, 0);
		dup2(out[1], 1);
		exec_monitor(i);
	}
	close(out[1]);
	close(null);
	/* Its other end stays open, so that the monitor can go on. */
	await(out[0]);
}

static void end(unsigned int i)
{
	kill(pid[i], SIGKILL);
	waitpid(pid[i], NULL, 0);
}

/* Pages of zeros that a monitor has where it has mapped as much as a guest's memory. */
static uint64_t zero_of(pid_t monitor)
{
	unsigned long long from, to;
	uint64_t n = 0;
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", monitor);
	f = fopen(path, "r");
	if (!f)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx", &from, &to) == 2 && to - from >= (uint64_t)mib << 20)
			n += side_linux_zero(monitor, from, to - from);
	}
	fclose(f);
	return n;
}

/* --- what is said ------------------------------------------------------------------- */

struct point {
	uint64_t kib;
	uint64_t saved;
	uint64_t zero;
	uint64_t cost;
	uint64_t huge;
	uint64_t own;
	uint64_t oracle;
};

static uint64_t resident;		/* pages of all guests, before the first pass */

static void measure_linux(struct point *at)
{
	struct side_figures f;
	char path[64];
	unsigned int i;

	side->figures(0, &f);
	for (i = 0; i < guests; i++) {
		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid[i]);
		at->zero += zero_of(pid[i]);
		at->huge += side_field(path, "AnonHugePages") / 4;
		at->own += side_field(path, "Anonymous") / 4;
	}
	at->saved = f.saved + at->zero;
	at->own -= f.saved;
	at->cost = f.cost;
}

/* Pages in blocks, of all objects that a monitor has open. */
static uint64_t huge_of(pid_t monitor)
{
	uint64_t n = 0, val;
	char path[64], line[128];
	FILE *f;
	int fd;

	for (fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", monitor, fd);
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "vmm-mem-huge: %lu", &val) == 1)
				n += 512 * val;
		}
		if (f)
			fclose(f);
	}
	return n;
}

static void measure_vmm(struct point *at)
{
	const char *dir = "/sys/kernel/vmm/ksm";
	uint64_t pages = side_get(dir, "pages_total");
	uint64_t sharing = side_get(dir, "pages_sharing");
	struct side_figures f;
	unsigned int i;

	side->figures(resident, &f);
	for (i = 0; i < guests; i++)
		at->huge += huge_of(pid[i]);
	at->zero = resident > pages ? resident - pages : 0;
	at->saved = at->zero + sharing;
	at->own = pages - sharing - side_get(dir, "pages_shared");
	at->oracle = at->zero + side_get(dir, "observed_zero") + side_get(dir, "observed_sharing");
	at->cost = f.other;
}

static struct point measure(unsigned int pass, uint64_t before)
{
	struct point at = { .kib = (used() - before) / guests };

	if (side == &side_linux)
		measure_linux(&at);
	else
		measure_vmm(&at);
	printf("%s,%u,%llu,%llu,%llu,%llu,%llu,%llu,%llu\n", side->name, pass,
	       (unsigned long long)at.kib, (unsigned long long)at.saved,
	       (unsigned long long)at.zero, (unsigned long long)at.cost,
	       (unsigned long long)at.huge, (unsigned long long)at.own,
	       (unsigned long long)at.oracle);
	return at;
}

/* The last one goes, and what it alone had becomes free. */
static void measure_added(void)
{
	uint64_t with = used();

	end(--guests);
	sleep(1);
	printf("%s,added,%llu\n", side->name, (unsigned long long)(with - used()));
}

static void run(void)
{
	struct side_setup none = { .areas = 0 };
	uint64_t before = used(), last;
	struct point at;
	unsigned int i;

	side->begin(&none);
	for (i = 0; i < guests; i++)
		start(i);
	sleep(2);
	if (side != &side_linux)
		resident = side_get("/sys/kernel/vmm/ksm", "pages_total");
	at = measure(0, before);
	for (i = 1; i <= passes_max; i++) {
		last = at.saved;
		side->pass();
		at = measure(i, before);
		/* KSM's first pass never finds anything. */
		if (i > 2 && at.saved - last <= at.saved / PART)
			break;
	}
	measure_added();
	for (i = 0; i < guests; i++)
		end(i);
	sleep(1);
	side->end();
}

static void usage(void)
{
	fprintf(stderr, "usage: ksmguests [-g GUESTS] [-m MIB] [-p PASSES] [-a APPEND] [-k KERNELS] ksm|merge\n"
			"       ksmguests -d SEED PAGES\n");
	exit(2);
}

static void set_kernels(char *names)
{
	char *rest, *name = strtok_r(names, ",", &rest);

	for (kernels = 0; name && kernels < 8; name = strtok_r(NULL, ",", &rest))
		kernel[kernels++] = name;
	if (!kernels || name)
		usage();
}

static void write_data(uint64_t seed, uint64_t pages)
{
	struct trace_params p = { .seed = seed, .areas = 1, .pages = 1 };
	static unsigned char page[TRACE_PAGE];
	struct trace t;
	uint64_t i;

	if (trace_init(&t, &p))
		errx(1, "no such trace");
	for (i = 1; i <= pages; i++) {
		trace_bytes(&t, i, page);
		if (fwrite(page, sizeof(page), 1, stdout) != 1)
			err(1, "writing");
	}
	trace_free(&t);
}

int main(int argc, char **argv)
{
	bool data = false;
	int opt;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((opt = getopt(argc, argv, "g:m:p:a:k:d")) != -1) {
		if (opt == 'g')
			guests = strtoul(optarg, NULL, 0);
		else if (opt == 'm')
			mib = strtoul(optarg, NULL, 0);
		else if (opt == 'p')
			passes_max = strtoul(optarg, NULL, 0);
		else if (opt == 'a')
			append = optarg;
		else if (opt == 'k')
			set_kernels(optarg);
		else if (opt == 'd')
			data = true;
		else
			usage();
	}
	if (data && argc - optind == 2) {
		write_data(strtoull(argv[optind], NULL, 0), strtoull(argv[optind + 1], NULL, 0));
		return 0;
	}
	if (data || argc - optind != 1 || !guests || guests > GUESTS_MAX || !mib)
		usage();
	if (!strcmp(argv[optind], "ksm"))
		side = &side_linux;
	else if (!strcmp(argv[optind], "merge"))
		side = &side_merge;
	else
		usage();
	run();
	return 0;
}
