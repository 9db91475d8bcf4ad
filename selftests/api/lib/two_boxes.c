// SPDX-License-Identifier: GPL-2.0
/*
 * two_boxes CPUS MEMORY KERNEL INITRD CMDLINE MARK SECONDS: boots Linux in a machine of
 * vmctl's. When its console has said MARK the machine is held for so many seconds, saved and
 * destroyed, and another one, made like it, goes on. The console of both goes to standard
 * output; the status is how the second one ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/container.h"
#include "vm/machine.h"
#include "vm/state.h"
#include "vm/thread.h"

#define LINE	256

/**
 * struct wire - a console that looks out for @mark
 * @said:	tells the loop that it has come
 */
struct wire {
	struct cable cable;
	const char *mark;
	char line[LINE];
	unsigned int len;
	struct loop_source said;
	volatile bool found;
};

static struct err err;

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	fprintf(stderr, "two_boxes: %s: %s\n", what, err.text);
	exit(1);
}

static void put(struct serial_sink *sink, uint8_t byte)
{
	struct wire *w = container_of(sink, struct wire, cable.sink);

	putchar(byte);
	if (byte != '\n') {
		if (w->len < LINE - 1)
			w->line[w->len++] = (char)byte;
		return;
	}
	fflush(stdout);
	w->line[w->len] = 0;
	w->len = 0;
	if (!w->mark || !strstr(w->line, w->mark))
		return;
	w->found = true;
	eventfd_write(w->said.fd, 1);
}

static void room(struct serial_sink *sink)
{
}

static void ready(struct loop_source *source)
{
	eventfd_t count;

	eventfd_read(source->fd, &count);
}

static int plug(struct cable *cable, struct serial *serial, struct vm_end *end,
		struct err *e)
{
	return 0;
}

static int begin(struct cable *cable, struct loop *loop, const char *name,
		 struct err *e)
{
	struct wire *w = container_of(cable, struct wire, cable);

	return loop_add(loop, &w->said, e);
}

static bool drain(struct cable *cable, unsigned int ms)
{
	return true;
}

static void nothing(struct cable *cable)
{
}

static const struct cable_ops ops = {
	.plug = plug, .begin = begin, .drain = drain, .abandon = nothing,
	.unplug = nothing,
};

static struct machine *make(const struct machine_options *opt,
			    struct machine_files *files, struct loop *loop,
			    struct wire *w)
{
	struct machine *m;

	*w = (struct wire){
		.cable = { .sink = { put, room }, .ops = &ops },
		.said = { .fd = eventfd(0, EFD_CLOEXEC), .ready = ready },
	};
	check(loop_init(loop, &err), "loop");
	m = machine_create(opt, files, loop, &w->cable, &err);
	check(!m, "machine");
	return m;
}

int main(int argc, char **argv)
{
	static struct machine_options opt = { .name = "first", .debug_exit = -1 };
	static struct wire wire[2];
	static struct loop loop[2];
	struct machine_files files;
	struct bytes state = {};
	struct machine *a, *b;

	if (argc != 8)
		return 2;
	thread_block_signals();
	opt.cpus = (unsigned int)atoi(argv[1]);
	opt.memory = (uint64_t)atoi(argv[2]) << 20;
	opt.boot = (struct boot_options){
		.kernel = argv[3], .initrd = argv[4], .cmdline = argv[5],
	};
	check(machine_files_open(&files, &opt, &err), "files");
	a = make(&opt, &files, &loop[0], &wire[0]);
	wire[0].mark = argv[6];
	check(machine_start(a, &err), "start");
	while (!wire[0].found && !vm_ended(&a->end))
		check(loop_once(&loop[0], &err), "loop");
	check(machine_hold(a, &err), "hold");
	check(machine_save(a, &state, &err), "save");
	sleep((unsigned int)atoi(argv[7]));

	opt.name = "second";
	b = make(&opt, &files, &loop[1], &wire[1]);
	check(machine_load(b, state.data, state.len, &err), "load");
	memcpy(b->ram.host, a->ram.host, a->ram.size);
	/* the rest of a line that the first has begun */
	memcpy(wire[1].line, wire[0].line, sizeof(wire[0].line));
	wire[1].len = wire[0].len;
	vm_end_set(&a->end, END_ASKED, 0, "saved");
	machine_run(a);
	machine_destroy(a);

	check(machine_start(b, &err), "start");
	machine_run(b);
	fprintf(stderr, "two_boxes: ended: %d %s\n", b->end.kind, b->end.text);
	return b->end.kind == END_POWEROFF ? 0 : 1;
}
