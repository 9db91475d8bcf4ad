// SPDX-License-Identifier: GPL-2.0
/*
 * vmctl's machines, with its own code: one that runs is held, saved, and goes on in
 * another, with what waits in its devices; and what is not its state is refused with
 * words.
 *
 * test: check: 6.1, host: amd
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/stream.h"
#include "tap.h"
#include "vm/machine.h"
#include "vm/state.h"
#include "vm/thread.h"

#define MIB_8	(8UL << 20)
#define CPUS	2

/* Of the first record, before the kernel's. */
#define MACHINE_SIZE	(sizeof(struct vmm_state_record) + 16)

/*
 * A flat Multiboot image: says ">", then sleeps until something comes by the serial
 * port, and sends it back.
 */
static const uint8_t image[] = {
	0x02, 0xb0, 0xad, 0x1b, 0x00, 0x00, 0x01, 0x00, 0xfe, 0x4f, 0x51, 0xe4,
	0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x20, 0x00, 0x10, 0x00,
	/* a stack; the gate of vector 0x24, whose handler is at 0x10008d */
	0xbc, 0x00, 0x00, 0x20, 0x00,
	0x8c, 0xc8, 0xc1, 0xe0, 0x10,
	0x66, 0xb8, 0x8d, 0x00,
	0xa3, 0x20, 0x01, 0x18, 0x00,
	0xc7, 0x05, 0x24, 0x01, 0x18, 0x00, 0x00, 0x8e, 0x10, 0x00,
	0x0f, 0x01, 0x1d, 0x98, 0x00, 0x10, 0x00,
	/* the APIC, and pin 4 of the IOAPIC */
	0xc7, 0x05, 0xf0, 0x00, 0xe0, 0xfe, 0xff, 0x01, 0x00, 0x00,
	0xc7, 0x05, 0x00, 0x00, 0xc0, 0xfe, 0x18, 0x00, 0x00, 0x00,
	0xc7, 0x05, 0x10, 0x00, 0xc0, 0xfe, 0x24, 0x00, 0x00, 0x00,
	/* the port: interrupts, RTS; ">" */
	0x66, 0xba, 0xf9, 0x03, 0xb0, 0x01, 0xee,
	0x66, 0xba, 0xfc, 0x03, 0xb0, 0x0b, 0xee,
	0x66, 0xba, 0xf8, 0x03, 0xb0, 0x3e, 0xee,
	/* cli; is there a byte? sti; hlt */
	0xfa, 0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x75, 0x04,
	0xfb, 0xf4, 0xeb, 0xf2,
	/* in, out, again */
	0x66, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xea,
	/* the handler: EOI */
	0xc7, 0x05, 0xb0, 0x00, 0xe0, 0xfe, 0x00, 0x00, 0x00, 0x00, 0xcf,
	/* limit and base of the IDT */
	0x27, 0x01, 0x00, 0x00, 0x18, 0x00,
};

/* ---- a cable that remembers -------------------------------------------------------- */

struct wire {
	struct cable cable;
	char text[256];
	volatile unsigned int len;
};

static void put(struct serial_sink *sink, uint8_t byte)
{
	struct wire *w = container_of(sink, struct wire, cable.sink);

	if (w->len < sizeof(w->text) - 1)
		w->text[w->len] = (char)byte;
	w->len++;
}

static void room(struct serial_sink *sink)
{
}

static int plug(struct cable *cable, struct serial *serial, struct vm_end *end,
		struct err *err)
{
	return 0;
}

static int begin(struct cable *cable, struct loop *loop, const char *name,
		 struct err *err)
{
	return 0;
}

static bool drain(struct cable *cable, unsigned int ms)
{
	return true;
}

static void nothing(struct cable *cable)
{
}

static const struct cable_ops wire_ops = {
	.plug = plug, .begin = begin, .drain = drain, .abandon = nothing,
	.unplug = nothing,
};

/* ---- machines ---------------------------------------------------------------------- */

struct box {
	struct machine_options opt;
	struct machine_files files;
	struct loop loop;
	struct wire wire;
	struct machine *m;
};

static struct err err;
static char path[64];

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	printf("Bail out! %s: %s\n", what, err.text);
	exit(1);
}

static void make(struct box *b, unsigned int cpus, uint64_t memory)
{
	memset(b, 0, sizeof(*b));
	b->opt = (struct machine_options){
		.name = "box", .cpus = cpus, .memory = memory,
		.boot = { .multiboot = path, .cmdline = "" },
		.debug_exit = -1,
	};
	b->wire.cable.ops = &wire_ops;
	b->wire.cable.sink = (struct serial_sink){ put, room };
	check(machine_files_open(&b->files, &b->opt, &err) ||
	      loop_init(&b->loop, &err), "files");
	b->m = machine_create(&b->opt, &b->files, &b->loop, &b->wire.cable, &err);
	check(!b->m, "machine");
}

static void end(struct box *b, bool started)
{
	if (started) {
		vm_end_set(&b->m->end, END_ASKED, 0, "enough");
		machine_run(b->m);
	}
	machine_destroy(b->m);
	loop_fini(&b->loop);
	machine_files_close(&b->files);
}

static void say(struct box *b, const char *text)
{
	serial_receive(&b->m->serial, (const uint8_t *)text, strlen(text));
}

static void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static bool said(struct box *b, const char *text)
{
	unsigned int i;

	for (i = 0; i < 10000 && b->wire.len < strlen(text); i++)
		sleep_ms(1);
	if (!strcmp(b->wire.text, text))
		return true;
	tap_note("it said '%s'", b->wire.text);
	return false;
}

static bool refused(struct box *b, const void *data, size_t size,
		    const char *word)
{
	int ret = machine_load(b->m, data, size, &err);

	tap_note("%s", ret ? err.text : "taken");
	return ret && strstr(err.text, word) && !b->m->held;
}

static void copy_memory(struct box *to, const struct box *from)
{
	memcpy(to->m->ram.host, from->m->ram.host, from->m->ram.size);
}

/* ---- tests --------------------------------------------------------------------------- */

static void test_hold(struct box *a, struct bytes *saved)
{
	struct bytes again = {};
	struct vcpu_state state;

	check(machine_start(a->m, &err), "start");
	tap_ok(said(a, ">"), "it runs");
	say(a, "ab");
	tap_ok(said(a, ">ab"), "and echoes");
	tap_ok(machine_save(a->m, saved, &err) && strstr(err.text, "held"),
	       "not held: %s", err.text);
	check(machine_hold(a->m, &err), "hold");
	say(a, "cd");
	sleep_ms(50);
	tap_ok(said(a, ">ab") && a->wire.len == 3, "held it is still");
	tap_ok(!vcpu_read(&a->m->vcpu[1], 1000, &state, &err) &&
	       !vcpu_read(&a->m->vcpu[0], 1000, &state, &err) &&
	       state.regs.rip > 0x100020, "its registers can be read");
	check(machine_save(a->m, saved, &err), "save");
	check(machine_save(a->m, &again, &err), "save again");
	tap_ok(saved->len == again.len &&
	       !memcmp(saved->data, again.data, again.len),
	       "saved, twice the same, %zu bytes", saved->len);
	bytes_fini(&again);
}

static void test_goes_on(struct box *a, const struct bytes *saved)
{
	struct box b;

	make(&b, CPUS, MIB_8);
	check(machine_load(b.m, saved->data, saved->len, &err), "load");
	copy_memory(&b, a);
	tap_ok(b.m->held, "loaded it stays still");
	check(machine_start(b.m, &err), "start");
	tap_ok(!b.m->held && said(&b, "cd"), "and goes on with what waited");
	say(&b, "ef");
	tap_ok(said(&b, "cdef"), "and with more");
	machine_release(a->m);
	tap_ok(said(a, ">abcd"), "so does the first one");

	/* Back to where it was saved, in the same machine. */
	check(machine_hold(a->m, &err), "hold");
	copy_memory(&b, a);
	machine_release(a->m);
	check(machine_hold(b.m, &err) ||
	      machine_load(b.m, saved->data, saved->len, &err), "load over it");
	tap_ok(b.m->held, "loaded over it stays held");
	machine_release(b.m);
	tap_ok(said(&b, "cdefcd"), "and has gone back");
	end(&b, true);
}

static void test_paused(struct box *a)
{
	unsigned int len = a->wire.len;

	check(vmm_pause(a->m->vm, &err), "pause");
	check(machine_hold(a->m, &err), "hold");
	machine_release(a->m);
	say(a, "g");
	sleep_ms(50);
	tap_ok(a->wire.len == len, "what was paused before is so after");
	check(vmm_resume(a->m->vm, &err), "resume");
	tap_ok(said(a, ">abcdg"), "until it is resumed");
	tap_ok(vmm_resume(a->m->vm, &err) == 1, "not twice");
}

/* A bit of leaf 1's ECX in the kernel's stream, which is in a record of ours. */
static void give_feature(struct bytes *b, unsigned int bit)
{
	const struct vmm_cpuid_entry *e;
	const void *kernel;
	size_t size, len, at;

	kernel = stream_find(b->data, b->len, STATE_KERNEL, 0, &size);
	e = kernel ? stream_find(kernel, size, VMM_STATE_CPUID, 0, &len) : NULL;
	check(!e, "CPUID");
	while (e->leaf != 1)
		e++;
	at = (size_t)((const uint8_t *)&e->ecx - b->data);
	b->data[at + bit / 8] |= (uint8_t)(1 << bit % 8);
}

static void test_refusals(const struct bytes *saved)
{
	struct bytes bad = {};
	unsigned long taken = 0;
	struct box b;
	size_t n;

	make(&b, 1, MIB_8);
	tap_ok(refused(&b, saved->data, saved->len, "2 processors"), "processors");
	end(&b, false);
	make(&b, CPUS, 2 * MIB_8);
	tap_ok(refused(&b, saved->data, saved->len, "memory"), "memory");
	end(&b, false);

	make(&b, CPUS, MIB_8);
	for (n = 0; n < saved->len; n += 97)
		taken += !machine_load(b.m, saved->data, n, &err);
	tap_ok(!taken && !b.m->held, "cut off");
	bytes_add(&bad, saved->data, saved->len);
	give_feature(&bad, 5);
	give_feature(&bad, 3);
	tap_ok(refused(&b, bad.data, bad.len, "vmx") && strstr(err.text, "monitor") &&
	       err.code == VMCTL_HOST, "features by name");
	memcpy(bad.data, saved->data, saved->len);
	bad.data[MACHINE_SIZE + offsetof(struct vmm_state_record, version)] ^= 1;
	tap_ok(refused(&b, bad.data, bad.len, "kernel's state"), "another version");
	tap_ok(refused(&b, "no such thing", 13, "machine"), "foreign");
	check(machine_start(b.m, &err), "start");
	tap_ok(said(&b, ">"), "it boots as if nothing had been");
	end(&b, true);
	bytes_fini(&bad);
}

static void write_image(void)
{
	int fd = memfd_create("image", 0);

	if (fd < 0 || write(fd, image, sizeof(image)) != sizeof(image))
		exit(1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
}

int main(void)
{
	struct bytes saved = {};
	struct box a;

	setvbuf(stdout, NULL, _IOLBF, 0);
	thread_block_signals();
	write_image();
	make(&a, CPUS, MIB_8);
	test_hold(&a, &saved);
	test_goes_on(&a, &saved);
	test_paused(&a);
	test_refusals(&saved);
	end(&a, true);
	bytes_fini(&saved);
	return tap_done();
}
