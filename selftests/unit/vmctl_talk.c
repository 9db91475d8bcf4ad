// SPDX-License-Identifier: GPL-2.0
/*
 * The control socket's two ends: requests and replies, what is no request, clients that
 * hang or come in masses, an owner that dies. The server is a child where the client
 * waits, else both ends are here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/local.h"
#include "tap.h"
#include "vm/talk_server.h"

enum { ECHO = 1, REFUSE, HANG, DIE, LARGE, GIVE, SLOW_GIVE };

static struct talk_server server;
static struct loop loop;
static struct err err;
static struct talk_message answer;
static char path[] = "/tmp/vmctl-talk-XXXXXX";

/* Whose request was the last, and who was the last to go. */
static const struct talk_client *asked_by, *went;

static void note_gone(struct talk_server *s, const struct talk_client *c)
{
	went = c;
}

/* ---- verbs --------------------------------------------------------------------------- */

static int do_echo(struct talk_server *s, const struct talk_message *asked,
		   struct talk_message *reply, struct err *e)
{
	asked_by = s->asking;
	memcpy(reply->data, asked->data, asked->len);
	reply->len = asked->len;
	return 0;
}

static int do_refuse(struct talk_server *s, const struct talk_message *asked,
		     struct talk_message *reply, struct err *e)
{
	return err_set(e, VMCTL_STATE, "not %s", asked->data);
}

static int do_hang(struct talk_server *s, const struct talk_message *asked,
		   struct talk_message *reply, struct err *e)
{
	usleep(300000);
	return 0;
}

static int do_die(struct talk_server *s, const struct talk_message *asked,
		  struct talk_message *reply, struct err *e)
{
	kill(getpid(), SIGKILL);
	return 0;
}

static int do_large(struct talk_server *s, const struct talk_message *asked,
		    struct talk_message *reply, struct err *e)
{
	memset(reply->data, 'x', TALK_MAX_DATA);
	reply->len = TALK_MAX_DATA;
	return 0;
}

/* Passes on a file, which the server keeps. */
static int do_give(struct talk_server *s, const struct talk_message *asked,
		   struct talk_message *reply, struct err *e)
{
	static int file = -1;

	if (file < 0) {
		file = memfd_create("given", MFD_CLOEXEC);
		if (write(file, "content", 7) != 7)
			return err_set(e, VMCTL_FAILED, "no file");
	}
	if (asked->head.verb == SLOW_GIVE)
		usleep(200000);
	reply->fd = file;
	return 0;
}

static const struct talk_verb verbs[] = {
	{ GIVE, do_give }, { SLOW_GIVE, do_give }, { ECHO, do_echo }, { REFUSE, do_refuse }, { HANG, do_hang },
	{ DIE, do_die }, { LARGE, do_large }, {}
};

/* ---- the server, in a child ------------------------------------------------------------- */

static pid_t start(void)
{
	struct err ignored;
	pid_t pid;

	unlink(path);
	loop_init(&loop, &err);
	talk_server_init(&server, verbs, &loop);
	if (talk_server_listen(&server, path, &err))
		abort();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(60);
		while (!loop_once(&loop, &ignored))
			;
		_exit(1);
	}
	/* an epoll that is shared: nothing is to be removed from it here */
	close(server.listener.fd);
	close(loop.epoll);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int dial(void)
{
	return local_connect(path, SOCK_SEQPACKET, &err);
}

static bool ask(int fd, uint16_t verb, const char *text, unsigned int ms)
{
	return !talk_ask(fd, verb, text, strlen(text), ms, &answer, &err);
}

static unsigned int open_files(void)
{
	unsigned int fd, count = 0;

	for (fd = 0; fd < 256; fd++)
		count += fcntl((int)fd, F_GETFD) >= 0;
	return count;
}

static void test_files(void)
{
	struct talk_head head = { TALK_MAGIC, TALK_VERSION, ECHO, 9, 0 };
	pid_t pid = start();
	char text[8] = "";
	unsigned int before, i;
	bool good = true;
	int fd = dial();

	tap_ok(ask(fd, GIVE, "", 5000) && answer.fd >= 0 &&
	       pread(answer.fd, text, 7, 0) == 7 && !strcmp(text, "content") &&
	       fcntl(answer.fd, F_GETFD) == FD_CLOEXEC,
	       "a file comes with a reply");
	close(answer.fd);
	before = open_files();
	tap_ok(ask(fd, ECHO, "x", 5000) && answer.fd == -1, "but not with others");
	tap_ok(!ask(fd, SLOW_GIVE, "", 20) && ask(fd, ECHO, "x", 5000) &&
	       answer.fd == -1 && open_files() == before,
	       "that of a reply which nobody waits for is closed");
	for (i = 0; i < 2000 && good; i++) {
		/* the server has no use for ours */
		good = !talk_send(fd, &head, NULL, 0, STDOUT_FILENO, 0) &&
		       talk_receive(fd, &answer, true, 0) == TALK_GOOD;
	}
	tap_ok(good && ask(fd, GIVE, "", 5000) && answer.fd >= 0,
	       "who passes files on to the server does not fill it");
	close(answer.fd);
	close(fd);
	stop(pid);
}

static void test_asking(void)
{
	static char much[TALK_MAX_DATA + 1];
	pid_t pid = start();
	int fd = dial(), other = dial();

	tap_ok(ask(fd, ECHO, "hello", 5000) && !strcmp(answer.data, "hello"),
	       "a request and its reply");
	tap_ok(ask(other, ECHO, "", 5000) && !answer.len, "empty, from another");
	tap_ok(!ask(fd, REFUSE, "today", 5000) && err.code == VMCTL_STATE &&
	       !strcmp(err.text, "not today"), "a refusal: its code and words");
	tap_ok(!ask(fd, 99, "", 5000) && err.code == VMCTL_FAILED &&
	       strstr(err.text, "request 99 is unknown"), "an unknown verb");
	tap_ok(ask(fd, LARGE, "", 5000) && answer.len == TALK_MAX_DATA &&
	       answer.data[TALK_MAX_DATA - 1] == 'x', "the largest reply");
	memset(much, 'y', sizeof(much));
	tap_ok(!talk_ask(fd, ECHO, much, TALK_MAX_DATA, 5000, &answer, &err) &&
	       answer.len == TALK_MAX_DATA, "the largest request");
	tap_ok(talk_ask(fd, ECHO, much, sizeof(much), 5000, &answer, &err) &&
	       err.code == VMCTL_USAGE, "and one that is too large");
	tap_ok(!ask(fd, HANG, "", 20) && err.code == VMCTL_TIMEOUT,
	       "no reply in time");
	tap_ok(ask(fd, ECHO, "next", 5000) && !strcmp(answer.data, "next"),
	       "its reply is not taken for the next one's");
	tap_ok(!ask(fd, DIE, "", 5000) && err.code == VMCTL_FAILED &&
	       strstr(err.text, "ended before it answered"), "killed meanwhile");
	stop(pid);
	tap_ok(!ask(other, ECHO, "x", 5000) && strstr(err.text, "ended before"),
	       "or before");
	tap_ok(dial() < 0 && err.code == VMCTL_STATE,
	       "a socket whose owner died: not running");
	close(fd);
	close(other);
}

/* A client that may not: another user, who is not root. */
static void test_rights(void)
{
	pid_t pid, client;
	int status;

	if (geteuid()) {
		tap_skip("rights of others: needs root");
		return;
	}
	pid = start();
	chmod(path, 0666);
	fflush(stdout);
	client = fork();
	if (!client) {
		int fd;

		if (setuid(65534))
			_exit(1);
		fd = dial();
		if (fd < 0 || ask(fd, ECHO, "let me in", 5000))
			_exit(2);
		_exit(err.code == VMCTL_PERM && strstr(err.text, "as its owner") ?
		      0 : 3);
	}
	waitpid(client, &status, 0);
	tap_ok(WIFEXITED(status) && !WEXITSTATUS(status),
	       "another user is refused, with words (%d)", status);
	stop(pid);
}

/* ---- both ends here ---------------------------------------------------------------------- */

static int add(void)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd))
		abort();
	talk_server_add(&server, fd[1]);
	return fd[0];
}

static void serve(void)
{
	struct pollfd pfd = { .fd = loop.epoll, .events = POLLIN };

	while (poll(&pfd, 1, 5) > 0)
		loop_once(&loop, &err);
}

static bool is_over(int fd)
{
	char c;

	return !recv(fd, &c, 1, MSG_DONTWAIT) || errno == ECONNRESET;
}

static void test_bad(void)
{
	struct talk_head head = { TALK_MAGIC, TALK_VERSION, ECHO, 7, 0 };
	static char large[2 * TALK_MAX];
	int fd = add();

	send(fd, "x", 1, 0);
	serve();
	tap_ok(is_over(fd), "a byte is no request");
	close(fd);
	fd = add();
	memcpy(large, &head, sizeof(head));
	send(fd, large, sizeof(large), 0);
	serve();
	tap_ok(is_over(fd), "nor is one that was cut short");
	close(fd);
	fd = add();
	head.magic++;
	send(fd, &head, sizeof(head), 0);
	serve();
	tap_ok(is_over(fd), "nor one of something else");
	close(fd);
	fd = add();
	head.magic--;
	head.version = 9;
	send(fd, &head, sizeof(head), 0);
	serve();
	tap_ok(talk_receive(fd, &answer, false, MSG_DONTWAIT) == TALK_GOOD &&
	       answer.head.seq == 7 && answer.head.code == VMCTL_FAILED &&
	       strstr(answer.data, "version 1"), "another version is told ours");
	close(fd);
	fd = add();
	close(fd);
	serve();
	tap_ok(server.client[0].source.fd < 0, "one that left is forgotten");
}

/* Asks and asks, and takes no reply. */
static void test_deaf(void)
{
	struct talk_head head = { TALK_MAGIC, TALK_VERSION, LARGE, 1, 0 };
	int deaf = add(), fd = add();
	unsigned int i;

	for (i = 0; i < 10000; i++) {
		if (talk_send(deaf, &head, NULL, 0, -1, MSG_DONTWAIT) == -EPIPE)
			break;
		serve();
	}
	tap_ok(i < 10000, "who takes no replies is dropped");
	head.verb = ECHO;
	talk_send(fd, &head, "x", 1, -1, 0);
	serve();
	tap_ok(talk_receive(fd, &answer, false, MSG_DONTWAIT) == TALK_GOOD,
	       "others are served");
	close(deaf);
	close(fd);
	serve();
}

static void test_many(void)
{
	struct talk_head head = { TALK_MAGIC, TALK_VERSION, ECHO, 1, 0 };
	int fd[TALK_CLIENTS], last;
	unsigned int i, there = 0;

	for (i = 0; i < TALK_CLIENTS; i++)
		fd[i] = add();
	talk_send(fd[0], &head, NULL, 0, -1, 0);
	serve();
	last = add();
	serve();
	tap_ok(is_over(fd[1]), "who was silent for the longest makes room");
	talk_send(last, &head, NULL, 0, -1, 0);
	serve();
	tap_ok(talk_receive(last, &answer, false, MSG_DONTWAIT) == TALK_GOOD,
	       "for the last one");
	for (i = 0; i < TALK_CLIENTS; i++)
		there += i != 1 && !talk_send(fd[i], &head, NULL, 0, -1, 0);
	tap_ok(there == TALK_CLIENTS - 1, "and for no other");
	server.staying = &server.client[0];
	for (i = 0; i < TALK_CLIENTS; i++)
		close(fd[i]);
	close(last);
	serve();
	for (i = 0; i < TALK_CLIENTS; i++)
		fd[i] = add();
	last = add();
	serve();
	tap_ok(!is_over(fd[0]) && is_over(fd[1]),
	       "who is to stay does so, however silent");
	server.staying = NULL;
	for (i = 0; i < TALK_CLIENTS; i++)
		close(fd[i]);
	close(last);
	serve();
}

static void test_gone(void)
{
	struct talk_head head = { TALK_MAGIC, TALK_VERSION, ECHO, 1, 0 };
	int first = add(), second = add();
	const struct talk_client *one, *other;

	serve();	/* of those before */
	server.gone = note_gone;
	talk_send(first, &head, NULL, 0, -1, 0);
	serve();
	one = asked_by;
	talk_send(second, &head, NULL, 0, -1, 0);
	serve();
	other = asked_by;
	tap_ok(one && other && one != other && !went,
	       "the server knows who asks");
	close(first);
	serve();
	tap_ok(went == one, "and who goes");
	send(second, "x", 1, 0);
	serve();
	tap_ok(went == other, "or is dropped");
	close(second);
	server.gone = NULL;
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	close(mkstemp(path));
	test_asking();
	test_files();
	test_rights();
	loop_init(&loop, &err);
	talk_server_init(&server, verbs, &loop);
	test_bad();
	test_deaf();
	test_many();
	test_gone();
	talk_server_fini(&server);
	loop_fini(&loop);
	unlink(path);
	return tap_done();
}
