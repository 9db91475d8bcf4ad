// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/note.h"
#include "vm/console_client.h"
#include "vm/terminal.h"

#define ESCAPE		0x1d	/* Ctrl-] */
#define CHUNK		4096	/* a pipe that has room has room for as much */
#define KEYS		256
#define PATIENCE_MS	1000	/* for the guest to take the last keys */
#define LOOK_MS		10

/**
 * struct visit - one stay at a console
 * @out:	@out_len bytes of the guest, of which @out_done are written
 * @keys:	likewise, to the guest
 * @input:	standard input has not ended
 * @escaped:	Ctrl-] came behind @keys
 * @signals:	readable once we are told to go
 * @told_to_go:	we were
 * @closed:	the socket has ended
 * @shut:	its sending half has been closed, as input has ended
 * @in_line:	what was put out last is no end of a line
 */
struct visit {
	struct console_client *client;
	struct console_feed feed;
	int fd, signals;
	bool terminal, input, escaped, told_to_go, closed, shut, in_line;
	uint8_t out[CHUNK];
	size_t out_len, out_done;
	uint8_t keys[KEYS];
	size_t keys_len, keys_done;
};

/* ---- places -------------------------------------------------------------------- */

const char *console_place_text(char buf[CONSOLE_PLACE_LEN],
			       const struct console_place *place)
{
	snprintf(buf, CONSOLE_PLACE_LEN, "%016" PRIx64 ":%" PRIu64, place->run,
		 place->at);
	return buf;
}

int console_place_parse(const char *text, struct console_place *place)
{
	static const char hex[] = "0123456789abcdef";
	size_t len = strspn(text, hex);
	char *end;

	if (len != 16 || text[16] != ':' || text[17] < '0' || text[17] > '9')
		return -1;
	place->run = strtoull(text, NULL, 16);
	errno = 0;
	place->at = strtoull(text + 17, &end, 10);
	return *end || errno || !place->run ? -1 : 0;
}

/* ---- signals -------------------------------------------------------------------- */

/*
 * They come by a descriptor: ppoll() would leave them pending for as long as it finds
 * something to read or to write, and a guest may speak without end.
 */
static int take_signals(struct err *err)
{
	static const int deadly[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
	struct sigaction was;
	sigset_t set;
	unsigned int i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(deadly); i++) {
		sigaction(deadly[i], NULL, &was);
		if (was.sa_handler != SIG_IGN)
			sigaddset(&set, deadly[i]);
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_set(err, VMCTL_FAILED, "signalfd: %s",
			       strerror(errno));
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return fd;
}

/* ---- what comes from the machine --------------------------------------------------- */

static void data(struct console_feed *feed, const uint8_t *bytes, size_t len)
{
	struct visit *v = container_of(feed, struct visit, feed);

	/* no more is read than there is room for */
	memcpy(v->out + v->out_len, bytes, len);
	v->out_len += len;
}

/* Our words stand in lines of their own. */
static void end_line(struct visit *v)
{
	if (v->terminal && v->in_line)
		note_text("\n");
	v->in_line = false;
}

static void lost(struct console_feed *feed, uint64_t count)
{
	struct visit *v = container_of(feed, struct visit, feed);

	end_line(v);
	note("%s: %" PRIu64 " bytes are gone: they were not read in time",
	     v->client->name, count);
}

static void word(struct console_feed *feed, enum console_type type,
		 const char *text)
{
	struct visit *v = container_of(feed, struct visit, feed);

	if (type == CONSOLE_READER) {
		end_line(v);
		note("%s: %s", v->client->name, text);
	} else {
		snprintf(v->client->end, sizeof(v->client->end), "%s", text);
	}
}

static const struct console_feed_ops feed_ops = {
	.data = data, .lost = lost, .word = word,
};

/* How far standard output has got. */
static void set_place(struct visit *v)
{
	v->client->place.run = v->feed.run;
	v->client->place.at = v->feed.at - (v->out_len - v->out_done);
}

static int receive(struct visit *v, struct err *err)
{
	uint8_t chunk[CHUNK];
	ssize_t n = recv(v->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		v->closed = true;
		return 0;
	}
	v->out_len = v->out_done = 0;
	return console_feed_take(&v->feed, chunk, (size_t)n, err);
}

static int write_out(struct visit *v, struct err *err)
{
	ssize_t n = write(STDOUT_FILENO, v->out + v->out_done,
			  v->out_len - v->out_done);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return err_set(err, VMCTL_FAILED, "standard output: %s",
			       strerror(errno));
	if (n > 0) {
		v->out_done += (size_t)n;
		v->in_line = v->out[v->out_done - 1] != '\n';
	}
	return 0;
}

/* ---- what goes to it ----------------------------------------------------------------- */

static void read_keys(struct visit *v)
{
	ssize_t n = read(STDIN_FILENO, v->keys, sizeof(v->keys));
	uint8_t *escape;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		v->input = false;
		return;
	}
	v->keys_done = 0;
	v->keys_len = (size_t)n;
	if (!v->terminal)
		return;
	escape = memchr(v->keys, ESCAPE, v->keys_len);
	if (!escape)
		return;
	v->keys_len = (size_t)(escape - v->keys);
	v->escaped = true;
}

static void send_keys(struct visit *v)
{
	ssize_t n = send(v->fd, v->keys + v->keys_done,
			 v->keys_len - v->keys_done,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0)
		v->keys_done += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		v->keys_done = v->keys_len;	/* nobody is there */
}

static bool has_keys(const struct visit *v)
{
	return v->keys_done < v->keys_len;
}

/*
 * Whether the guest has got them: it takes keys at its own pace, and what is under
 * way when the socket is closed may be lost.
 */
static bool last_keys(struct visit *v)
{
	struct pollfd pfd = { .fd = v->fd };
	unsigned int waited;
	uint8_t chunk[CHUNK];
	int queued = 0;

	for (waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
		if (has_keys(v))
			send_keys(v);
		if (ioctl(v->fd, SIOCOUTQ, &queued))
			queued = 0;
		if ((!queued && !has_keys(v)) || v->closed)
			break;
		/* what is not read would hold up the other end */
		while (recv(v->fd, chunk, sizeof(chunk), MSG_DONTWAIT) > 0)
			;
		poll(&pfd, 1, LOOK_MS);
	}
	/* the queue is counted in whole buffers: not how many, only whether */
	return !has_keys(v) && !queued;
}

/* ---- both ------------------------------------------------------------------------------ */

static bool over(const struct visit *v)
{
	return v->told_to_go || (v->escaped && !has_keys(v)) ||
	       (v->closed && v->out_done == v->out_len);
}

static int wait_for(struct visit *v, struct pollfd pfd[4])
{
	bool full = v->out_done < v->out_len;

	pfd[0] = (struct pollfd){
		.fd = v->closed ? -1 : v->fd,
		.events = (short)((full ? 0 : POLLIN) |
				  (has_keys(v) ? POLLOUT : 0)),
	};
	/* an end that we cannot read yet would come again and again */
	if (!pfd[0].events)
		pfd[0].fd = -1;
	pfd[1] = (struct pollfd){
		.fd = v->input && !has_keys(v) && !v->escaped ? STDIN_FILENO : -1,
		.events = POLLIN,
	};
	pfd[2] = (struct pollfd){
		.fd = full ? STDOUT_FILENO : -1, .events = POLLOUT,
	};
	pfd[3] = (struct pollfd){ .fd = v->signals, .events = POLLIN };
	return poll(pfd, 4, -1);
}

static int step(struct visit *v, struct err *err)
{
	struct pollfd pfd[4];

	if (wait_for(v, pfd) < 0)
		return errno == EINTR ? 0 :
		       err_set(err, VMCTL_FAILED, "poll: %s", strerror(errno));
	v->told_to_go = pfd[3].revents;
	if (pfd[2].revents && write_out(v, err))
		return -1;
	if (pfd[0].revents && has_keys(v))
		send_keys(v);
	if (pfd[0].revents & (POLLIN | POLLHUP | POLLERR) &&
	    v->out_done == v->out_len && receive(v, err))
		return -1;
	if (pfd[1].revents)
		read_keys(v);
	if (!v->input && !v->shut && !has_keys(v)) {
		/* the guest's own end of input is not ours to make */
		shutdown(v->fd, SHUT_WR);
		v->shut = true;
	}
	return 0;
}

static int attach(struct visit *v, struct err *err)
{
	struct console_client *c = v->client;
	struct console_attach a;

	console_feed_init(&v->feed, &feed_ops);
	v->feed.run = c->place.run;
	v->feed.at = c->place.at;
	console_feed_attach(&v->feed, c->flags, &a);
	if (send(v->fd, &a, sizeof(a), MSG_NOSIGNAL) == sizeof(a) ||
	    errno == EPIPE)
		return 0;	/* who was refused at the door is told why */
	return err_set(err, VMCTL_FAILED, "console: %s", strerror(errno));
}

static int open_terminal(struct visit *v, struct err *err)
{
	v->terminal = terminal_is_ours();
	v->input = (v->client->flags & CONSOLE_WRITE || v->terminal) &&
		   (v->terminal || !isatty(STDIN_FILENO));
	if (!v->terminal)
		return 0;
	note("console of %s; Ctrl-] detaches", v->client->name);
	if (!terminal_raw())
		return 0;
	return err_set(err, VMCTL_FAILED,
		       "cannot put the terminal into raw mode: %s",
		       strerror(errno));
}

static enum console_leave leave(struct visit *v, struct err *err)
{
	set_place(v);
	if (v->feed.ended)
		return CONSOLE_ENDED;
	if (!v->closed) {
		v->client->unheard = !last_keys(v);
		return CONSOLE_DETACHED;
	}
	err_set(err, VMCTL_FAILED,
		"its process ended without a word; try: vmctl list -a");
	return CONSOLE_FAILED;
}

enum console_leave console_client(struct console_client *c, int fd,
				  struct err *err)
{
	struct visit v = { .client = c, .fd = fd, .signals = take_signals(err) };
	int ret;

	c->unheard = false;
	if (v.signals < 0)
		return CONSOLE_FAILED;
	ret = attach(&v, err) || open_terminal(&v, err);
	while (!ret && !over(&v))
		ret = step(&v, err);
	end_line(&v);
	terminal_restore();
	close(v.signals);
	if (!ret)
		return leave(&v, err);
	set_place(&v);
	return CONSOLE_FAILED;
}
