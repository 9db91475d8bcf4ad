// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints: what they say of exits, injections, faults, stops and changes of
 * state, in words; and that every exit is there.
 *
 * test: timeout: 60
 */
#include <sys/mount.h>

#include "lib/nl.h"

#define TRACING "/sys/kernel/tracing"

/* A page that is not there yet, CPUID, an interrupt to itself, a port. */
VT_BLOB(work, "movl $1, 0x40000\n xor %eax, %eax\n cpuid\n"
	      " movl $0x1ff, 0xfee000f0\n movl $0x40040, 0xfee00300\n sti\n nop\n"
	      " out %al, $0x80\n lidt 0x3000\n int3");

static char *trace;

static bool put(const char *file, const char *text)
{
	char path[128];
	bool good;
	int fd;

	snprintf(path, sizeof(path), TRACING "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC);
	good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return good;
}

static void read_trace(void)
{
	size_t room = 4 << 20, len = 0;
	ssize_t n;
	int fd = open(TRACING "/trace", O_RDONLY);

	trace = calloc(1, room);
	while (fd >= 0 && trace && len < room - 1 &&
	       (n = read(fd, trace + len, room - 1 - len)) > 0)
		len += n;
	if (fd >= 0)
		close(fd);
}

/* Lines with both. */
static unsigned int lines(const char *event, const char *words)
{
	unsigned int n = 0;
	char *line, *end, *at;

	for (line = trace; line && *line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = 0;
		at = strstr(line, event);
		n += at && strstr(at, words);
		if (end)
			*end = '\n';
	}
	return n;
}

static bool says(uint32_t id, const char *event, const char *words)
{
	char vm[32], all[128];

	snprintf(vm, sizeof(vm), "vm %u ", id);
	snprintf(all, sizeof(all), "%s: %s%s", event, vm, words);
	return tap_ok(lines(all, "") > 0, "%s %s", event, words);
}

static uint64_t counter(int vm, const char *name)
{
	static char names[128][VMM_STAT_NAME_LEN];
	static uint64_t values[128];
	struct vmm_stats s = {
		.count = 128, .values = (uintptr_t)values,
		.names = (uintptr_t)names,
	};
	unsigned int i;

	if (ioctl(vm, VMM_VM_STATS, &s))
		vt_bail("counters");
	for (i = 0; i < s.count; i++)
		if (!strcmp(names[i], name))
			return values[i];
	vt_bail("no counter %s", name);
}

int main(void)
{
	char text[64];
	struct vt t;
	uint32_t id;

	nt_start();
	mount("none", TRACING, "tracefs", 0, NULL);
	if (!put("trace", "\n") || !put("buffer_size_kb", "4096") ||
	    !put("events/vmm/enable", "1"))
		vt_bail("tracing");
	vt_make(&t, 1, VT_MB);
	id = nt_newest();
	VT_LOAD(&t, work);
	tap_ok(vt_wrote_port(&t, 0, 0x80) && vt_count(&t, 0x40) == 1,
	       "the guest works");
	tap_ok(!vt_run(&t, 0) && t.run[0]->reason == VMM_RUN_SHUTDOWN,
	       "and crashes");
	put("events/vmm/enable", "0");
	read_trace();
	says(id, "vmm_state", "(test) created seq 1");
	says(id, "vmm_state", "(test) started seq 2");
	says(id, "vmm_exit", "vcpu 0 cpuid rip 0x2");
	says(id, "vmm_exit", "vcpu 0 io rip 0x2");
	says(id, "vmm_exit", "vcpu 0 npf rip 0x2");
	says(id, "vmm_page_fault", "vcpu 0 gpa 0x40000 rip 0x2");
	says(id, "vmm_inject", "vcpu 0 irq vector 64 no error");
	says(id, "vmm_stop", "vcpu 0 shutdown rip 0x2");
	tap_ok(lines("vmm_page_fault:", "write") > 0, "what an access was");
	snprintf(text, sizeof(text), "vm %u vcpu 0", id);
	tap_ok(lines("vmm_exit:", text) == counter(t.vm, "exits") &&
	       !lines("vmm_exit:", "none of these"),
	       "every exit is there, by its name");
	tap_ok(lines("vmm_inject:", text) == counter(t.vm, "injected_irqs") +
	       counter(t.vm, "injected_exceptions") +
	       counter(t.vm, "injected_nmis") +
	       counter(t.vm, "reinjected_events"), "every injection");
	vt_free(&t);
	free(trace);
	return tap_done();
}
