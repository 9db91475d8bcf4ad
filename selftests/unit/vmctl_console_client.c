// SPDX-License-Identifier: GPL-2.0
/*
 * A client of a console as a process: killed by signals at any moment and started again
 * where it was, it puts out each byte once, whether or not its reader keeps up; keys
 * reach the guest; each way out is told.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/local.h"
#include "vm/console_await.h"
#include "vm/console_client.h"
#include "vmctl_session.h"

#define LOTS	200000	/* the ring has all of it, however slow we are */

/* What the client tells, in memory that both processes see. */
struct told {
	struct console_client client;
	enum console_leave how;
	struct err err;
};

static struct told *told;

/** struct child - a client, and the other ends of its standard files */
struct child {
	pid_t pid;
	int in, out;
};

static struct child start(unsigned int flags)
{
	struct child c;
	int in[2], out[2], fd;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
	    fcntl(out[1], F_SETPIPE_SZ, 4096) < 0)
		abort();
	told->client.name = "web";
	told->client.flags = flags;
	c.pid = fork();
	if (!c.pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		fd = local_connect(path, SOCK_STREAM, &told->err);
		close(in[1]);
		told->how = console_client(&told->client, fd, &told->err);
		_exit(0);
	}
	close(in[0]);
	close(out[1]);
	c.in = in[1];
	c.out = out[0];
	return c;
}

/* Takes @most bytes of its output at most; whether they continue the pattern. */
static bool take(struct child *c, uint64_t *at, size_t most)
{
	uint8_t data[4096];
	ssize_t n, i;

	while (most) {
		n = read(c->out, data, most < sizeof(data) ? most : sizeof(data));
		if (n <= 0)
			break;
		most -= (size_t)n;
		for (i = 0; i < n; i++)
			if (data[i] != pattern((*at)++))
				return false;
	}
	return true;
}

static void finish(struct child *c)
{
	waitpid(c->pid, NULL, 0);
	close(c->in);
	close(c->out);
}

/* ---- cases ------------------------------------------------------------------------ */

static void test_place(void)
{
	static const char *const bad[] = {
		"", ":", "1:2", "0000000000000000:1", "00000000000000ab:",
		"00000000000000ab:-1", "00000000000000ab: 1",
		"00000000000000ab:1x", "00000000000000AB:1",
		"00000000000000ab:18446744073709551616",
	};
	struct console_place a = { 0xab, UINT64_MAX }, b;
	char text[CONSOLE_PLACE_LEN];
	unsigned int i, taken = 0;

	tap_ok(!console_place_parse(console_place_text(text, &a), &b) &&
	       a.run == b.run && a.at == b.at, "a place: %s", text);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		taken += !console_place_parse(bad[i], &b);
	tap_ok(!taken, "what is none is refused");
}

static void *guest(void *arg)
{
	say(0, LOTS);
	return NULL;
}

/* Signals come while it waits, reads, and stands at a pipe that is full. */
static void test_detach(void)
{
	unsigned int rounds = 0, wrong = 0, detached = 0;
	pthread_t thread;
	uint64_t at = 0, most;
	struct child c;

	begin();
	power_on();
	memset(&told->client, 0, sizeof(told->client));
	pthread_create(&thread, NULL, guest, NULL);
	while (at < LOTS && !wrong && rounds < 1000) {
		c = start(CONSOLE_WRITE);
		most = 1 + rounds * 7919 % 9000;
		if (most > LOTS - at)
			most = LOTS - at;
		wrong += !take(&c, &at, most);
		if (rounds % 3)
			poll(NULL, 0, (int)(rounds % 3));
		kill(c.pid, rounds % 2 ? SIGTERM : SIGINT);
		wrong += !take(&c, &at, SIZE_MAX);
		finish(&c);
		detached += told->how == CONSOLE_DETACHED;
		wrong += told->client.place.at != at;
		rounds++;
	}
	pthread_join(thread, NULL);
	tap_ok(at == LOTS && !wrong,
	       "%u clients see each byte once, %llu in all", rounds,
	       (unsigned long long)at);
	tap_ok(detached == rounds && rounds > 10, "and each was told to go");
	power_off();
	session_close(&session);
	unlink(path);
}

static void test_keys(void)
{
	struct child c;
	uint64_t at = 0;

	begin();
	power_on();
	memset(&told->client, 0, sizeof(told->client));
	c = start(CONSOLE_WRITE);
	tap_ok(write(c.in, "x\x1dy", 3) == 3 && key() == 'x' && key() == 0x1d &&
	       key() == 'y', "keys of a pipe reach the guest, Ctrl-] too");
	close(c.in);
	c.in = -1;
	poll(NULL, 0, 50);
	say(0, 5000);
	tap_ok(take(&c, &at, 5000) && at == 5000, "at the end of input it stays");
	power_off();
	session_end(&session, "powered off", 5000);
	take(&c, &at, SIZE_MAX);
	finish(&c);
	tap_ok(told->how == CONSOLE_ENDED &&
	       !strcmp(told->client.end, "powered off") && at == 5000,
	       "until the machine ends");
	session_close(&session);
	unlink(path);
}

/* Keys that the guest has no room for are not lost without a word. */
static void test_deaf(void)
{
	static char keys[60000];
	struct child c;

	begin();
	memset(&told->client, 0, sizeof(told->client));
	memset(keys, 'k', sizeof(keys));
	c = start(CONSOLE_WRITE);
	tap_ok(write(c.in, keys, sizeof(keys)) == sizeof(keys),
	       "a machine without a port");
	poll(NULL, 0, 100);
	kill(c.pid, SIGTERM);
	finish(&c);
	tap_ok(told->how == CONSOLE_DETACHED && told->client.unheard,
	       "it is told that keys were lost");
	session_close(&session);
	unlink(path);
}

/* ---- waiting for text ---------------------------------------------------------------- */

static void *speaker(void *arg)
{
	const char *text;

	poll(NULL, 0, 50);
	for (text = arg; *text; text++)
		out(UART_TX, (uint8_t)*text);
	return NULL;
}

/* 0, or the exit code; @later is said while it waits */
static int await(const char *text, const char *later, uint64_t ms)
{
	int fd = local_connect(path, SOCK_STREAM, &err), ret;
	pthread_t thread;

	if (later)
		pthread_create(&thread, NULL, speaker, (void *)later);
	ret = console_await(fd, text, ms * 1000000, &err) ? err.code : 0;
	if (later)
		pthread_join(thread, NULL);
	close(fd);
	return ret;
}

static void test_await(void)
{
	char longest[CONSOLE_AWAIT_MAX + 2];

	begin();
	power_on();
	say(0, 10000);
	tap_ok(!await("a", NULL, 5000), "what was written before counts");
	tap_ok(await("LOGIN: ", NULL, 200) == VMCTL_TIMEOUT, "what was not does not");
	tap_ok(!await("LOGIN: ", "LOGIN: ", 10000), "until it comes");
	tap_ok(!await("aaB", "aaaB", 10000) &&
	       !await("ababC", "abababC", 10000),
	       "also if what comes first begins as it does");
	tap_ok(await("LOGIN: x", "LOGIN", 200) == VMCTL_TIMEOUT,
	       "all of it has to come");
	memset(longest, 'Z', sizeof(longest));
	longest[CONSOLE_AWAIT_MAX] = 0;
	tap_ok(!await(longest, longest, 10000), "the longest there can be");
	longest[CONSOLE_AWAIT_MAX] = 'Z';
	longest[CONSOLE_AWAIT_MAX + 1] = 0;
	tap_ok(await(longest, NULL, 100) == VMCTL_USAGE &&
	       await("", NULL, 100) == VMCTL_USAGE, "longer or empty is refused");
	power_off();
	hub_end(&session.hub, "powered off");
	tap_ok(await("NEVER", NULL, 10000) == VMCTL_STATE, "the machine ends");
	session_close(&session);
	unlink(path);
}

/* A machine that dies, and one that does not want us. */
static void test_bad_ends(void)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		abort();
	close(fd[1]);
	memset(&told->client, 0, sizeof(told->client));
	told->client.name = "web";
	tap_ok(console_client(&told->client, fd[0], &err) == CONSOLE_FAILED &&
	       strstr(err.text, "ended without a word"), "%s", err.text);
	close(fd[0]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_DFL);	/* a shell may have started us without */
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED || !session_places())
		return 1;
	test_place();
	test_detach();
	test_keys();
	test_deaf();
	test_await();
	test_bad_ends();
	return session_gone() ? tap_done() : 1;
}
