// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/note.h"
#include "vm/console.h"
#include "vm/terminal.h"
#include "vm/thread.h"

#define ESCAPE		0x1d	/* Ctrl-] */
#define ESCAPE_NS	1000000000LL
#define GATHER_NS	2000000	/* how long output waits for company */
#define GATHER_BYTES	4096	/* unless there is this much of it */

static int64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static struct timespec clock_after(int64_t ns)
{
	int64_t at = clock_ns() + ns;

	return (struct timespec){ at / 1000000000, at % 1000000000 };
}

/* ---- output ------------------------------------------------------------- */

static void put(struct serial_sink *sink, uint8_t byte)
{
	struct console *con = container_of(sink, struct console, cable.sink);

	pthread_mutex_lock(&con->lock);
	while (con->used == CONSOLE_RING && !con->broken)
		pthread_cond_wait(&con->room, &con->lock);
	if (!con->broken) {
		con->ring[(con->head + con->used++) % CONSOLE_RING] = byte;
		/* the writer looks at the ring only when it was empty or
		 * fills up; in between it gathers */
		if (con->used == 1 || con->used == GATHER_BYTES)
			pthread_cond_signal(&con->data);
	}
	pthread_mutex_unlock(&con->lock);
}

/* Writes all of it; whether that worked. */
static bool write_out(struct console *con, const uint8_t *data, size_t len)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t n;

	while (len) {
		n = write(STDOUT_FILENO, data, len);
		if (n >= 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EAGAIN)
			poll(&pfd, 1, 100);
		else if (errno != EINTR)
			break;
		pthread_mutex_lock(&con->lock);
		if (con->broken)
			len = 0;
		pthread_mutex_unlock(&con->lock);
	}
	if (len)
		note("console output is lost from here on: standard output: %s",
		     strerror(errno));
	return !len;
}

/* Waits for output, then a little longer for more; false: it is over. */
static bool gather(struct console *con)
{
	struct timespec until;

	while (!con->used && !con->closing)
		pthread_cond_wait(&con->data, &con->lock);
	until = clock_after(GATHER_NS);
	while (con->used < GATHER_BYTES && !con->closing)
		if (pthread_cond_timedwait(&con->data, &con->lock, &until))
			break;
	return con->used;
}

static void *writer(void *arg)
{
	struct console *con = arg;
	uint8_t chunk[GATHER_BYTES];
	unsigned int n, first;
	bool good;

	thread_allow_kick();
	pthread_mutex_lock(&con->lock);
	while (gather(con)) {
		n = con->used < sizeof(chunk) ? con->used : sizeof(chunk);
		first = CONSOLE_RING - con->head;
		if (first > n)
			first = n;
		memcpy(chunk, con->ring + con->head, first);
		memcpy(chunk + first, con->ring, n - first);
		con->head = (con->head + n) % CONSOLE_RING;
		con->used -= n;
		con->writing = true;
		pthread_cond_broadcast(&con->room);
		good = con->broken;
		pthread_mutex_unlock(&con->lock);
		if (!good)
			good = write_out(con, chunk, n);
		pthread_mutex_lock(&con->lock);
		con->writing = false;
		if (!good)
			con->broken = true;
		if (!con->used)
			pthread_cond_broadcast(&con->drained);
	}
	pthread_mutex_unlock(&con->lock);
	return NULL;
}

bool console_drain(struct console *con, unsigned int ms)
{
	struct timespec until = clock_after(ms * 1000000LL);
	bool empty;
	int ret = 0;

	pthread_mutex_lock(&con->lock);
	con->closing = true;
	pthread_cond_signal(&con->data);
	while ((con->used || con->writing) && !con->broken && !ret)
		ret = pthread_cond_timedwait(&con->drained, &con->lock,
					     &until);
	empty = !(con->used || con->writing) || con->broken;
	pthread_mutex_unlock(&con->lock);
	return empty;
}

void console_abandon(struct console *con)
{
	pthread_mutex_lock(&con->lock);
	con->broken = true;
	con->closing = true;
	con->used = 0;
	pthread_cond_broadcast(&con->room);
	pthread_cond_broadcast(&con->drained);
	pthread_cond_signal(&con->data);
	pthread_mutex_unlock(&con->lock);
}

/* ---- input -------------------------------------------------------------- */

static void port_has_room(struct serial_sink *sink)
{
	struct console *con = container_of(sink, struct console, cable.sink);

	eventfd_write(con->more.fd, 1);
}

/* Takes Ctrl-] out of what was typed; whether the VM shall end. */
static bool filter_escape(struct console *con, uint8_t *data, size_t *len)
{
	int64_t now = clock_ns();
	size_t i, kept = 0;

	for (i = 0; i < *len; i++) {
		if (data[i] != ESCAPE) {
			con->escape_ns = 0;
			data[kept++] = data[i];
			continue;
		}
		if (con->escape_ns && now - con->escape_ns < ESCAPE_NS)
			return true;
		con->escape_ns = now;
		note("Ctrl-] again within a second ends the VM");
	}
	*len = kept;
	return false;
}

static void input_ended(struct console *con)
{
	if (!con->always_ready && !con->input_waits)
		loop_remove(con->loop, &con->input);
	con->input_open = false;
}

/* Reads what there is and the port has room for. */
static bool read_input(struct console *con)
{
	uint8_t data[SERIAL_QUEUE];
	size_t room = serial_room(con->serial), len;
	ssize_t n;

	if (!room) {
		if (!con->always_ready)
			loop_remove(con->loop, &con->input);
		con->input_waits = true;
		return false;
	}
	n = read(STDIN_FILENO, data, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		input_ended(con);
		return false;
	}
	len = (size_t)n;
	if (con->cable.terminal && filter_escape(con, data, &len)) {
		vm_end_set(con->end, END_ASKED, 1, "ended from the console");
		return false;
	}
	serial_receive(con->serial, data, len);
	return true;
}

static void input_ready(struct loop_source *source)
{
	read_input(container_of(source, struct console, input));
}

static void more_ready(struct loop_source *source)
{
	struct console *con = container_of(source, struct console, more);
	struct err err;
	eventfd_t count;

	eventfd_read(source->fd, &count);
	if (!con->input_open || !con->input_waits)
		return;
	con->input_waits = false;
	if (!con->always_ready) {
		loop_add(con->loop, &con->input, &err);
		return;
	}
	while (read_input(con))
		;
}

/* ---- both --------------------------------------------------------------- */

int console_init(struct console *con, struct serial *serial,
		 struct vm_end *end, struct err *err)
{
	pthread_condattr_t attr;
	int ret;

	console_prepare(con);
	con->serial = serial;
	con->end = end;
	con->input.fd = STDIN_FILENO;
	con->input.ready = input_ready;
	con->more.ready = more_ready;
	con->more.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (con->more.fd < 0)
		return err_set(err, VMCTL_FAILED, "eventfd: %s",
			       strerror(errno));
	pthread_mutex_init(&con->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&con->data, &attr);
	pthread_cond_init(&con->drained, &attr);
	pthread_cond_init(&con->room, NULL);
	pthread_condattr_destroy(&attr);
	ret = thread_start(&con->writer, writer, con);
	if (ret)
		return err_set(err, VMCTL_FAILED,
			       "cannot start the console's thread: %s",
			       strerror(ret));
	con->writer_runs = true;
	return 0;
}

int console_attach(struct console *con, struct loop *loop, const char *name,
		   struct err *err)
{
	int ret;

	con->loop = loop;
	if (loop_add(loop, &con->more, err))
		return -1;
	con->cable.terminal = terminal_is_ours();
	if (isatty(STDIN_FILENO) && !con->cable.terminal)
		return 0;	/* in the background: not ours to read */
	ret = loop_add(loop, &con->input, err);
	if (ret < 0)
		return 0;	/* closed: the guest has no input */
	con->input_open = true;
	if (ret > 0) {
		con->always_ready = true;
		while (read_input(con))
			;
	}
	if (con->cable.terminal) {
		note("console of %s; Ctrl-] twice ends it", name);
		if (terminal_raw())
			return err_set(err, VMCTL_FAILED,
				       "cannot put the terminal into raw mode: %s",
				       strerror(errno));
	}
	return 0;
}

void console_close(struct console *con)
{
	console_abandon(con);
	if (con->writer_runs)
		thread_join(con->writer);
	con->writer_runs = false;
	terminal_restore();
	if (con->more.fd >= 0)
		close(con->more.fd);
	con->more.fd = -1;
}

/* ---- as a machine's cable ----------------------------------------------- */

static int cable_plug(struct cable *cable, struct serial *serial,
		      struct vm_end *end, struct err *err)
{
	return console_init(container_of(cable, struct console, cable), serial,
			    end, err);
}

static int cable_begin(struct cable *cable, struct loop *loop, const char *name,
		       struct err *err)
{
	return console_attach(container_of(cable, struct console, cable), loop,
			      name, err);
}

static bool cable_drain(struct cable *cable, unsigned int ms)
{
	return console_drain(container_of(cable, struct console, cable), ms);
}

static void cable_abandon(struct cable *cable)
{
	console_abandon(container_of(cable, struct console, cable));
}

static void cable_unplug(struct cable *cable)
{
	struct console *con = container_of(cable, struct console, cable);

	if (con->writer_runs)
		console_close(con);
	else if (con->more.fd >= 0)
		close(con->more.fd);
	con->more.fd = -1;
}

static const struct cable_ops cable_ops = {
	.plug = cable_plug,
	.begin = cable_begin,
	.drain = cable_drain,
	.abandon = cable_abandon,
	.unplug = cable_unplug,
};

void console_prepare(struct console *con)
{
	memset(con, 0, sizeof(*con));
	con->more.fd = -1;
	con->cable.sink.put = put;
	con->cable.sink.room = port_has_room;
	con->cable.ops = &cable_ops;
}
