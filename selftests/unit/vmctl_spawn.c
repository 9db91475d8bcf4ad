// SPDX-License-Identifier: GPL-2.0
/*
 * A process in the background: what it has of its starter and what not, and that its
 * starter hears whether it is ready, or why not, whatever becomes of either.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "vm/spawn.h"

static struct err err;
static int inherited;	/* that the child shall not have */

/** struct sight - what the child sees of itself */
struct sight {
	pid_t pid, parent, session;
	unsigned int open;
	bool null, root, no_mask, default_int, has_inherited;
	mode_t mask;
};

static bool is_null(int fd)
{
	struct stat st, null;

	return !fstat(fd, &st) && !stat("/dev/null", &null) &&
	       st.st_rdev == null.st_rdev;
}

static struct sight look(void)
{
	struct sight s = {
		.pid = getpid(), .parent = getppid(), .session = getsid(0),
	};
	struct sigaction sa;
	char dir[16] = "";
	sigset_t set;
	int fd;

	for (fd = 0; fd < 1000; fd++)
		s.open += fcntl(fd, F_GETFD) >= 0;
	s.null = is_null(0) && is_null(1) && is_null(2);
	s.root = getcwd(dir, sizeof(dir)) && !strcmp(dir, "/");
	sigprocmask(SIG_BLOCK, NULL, &set);
	s.no_mask = !sigismember(&set, SIGTERM);
	sigaction(SIGINT, NULL, &sa);
	s.default_int = sa.sa_handler == SIG_DFL;
	s.has_inherited = fcntl(inherited, F_GETFD) >= 0;
	s.mask = umask(0);
	return s;
}

/* ---- children -------------------------------------------------------------------- */

static int pair[2], keep[2] = { -1, -1 };

/* Tells what it sees, and stays until the other end of the pair closes. */
static int live(struct spawn *s, void *arg)
{
	struct sight sight = look();
	char c;

	spawn_ready(s);
	if (write(pair[1], &sight, sizeof(sight)) != sizeof(sight))
		return 1;
	return read(pair[1], &c, 1) != 0;
}

static int refuse(struct spawn *s, void *arg)
{
	struct err why;

	err_set(&why, VMCTL_HOST, "no %s today", (const char *)arg);
	spawn_fail(s, &why);
	return why.code;
}

static int die(struct spawn *s, void *arg)
{
	raise(SIGKILL);
	return 0;
}

static int leave(struct spawn *s, void *arg)
{
	return 0;
}

/* Is ready only when its starter has been killed. */
static int slow(struct spawn *s, void *arg)
{
	char c = 0;

	if (write(pair[1], "a", 1) != 1 || read(pair[1], &c, 1) != 1)
		return 1;
	spawn_ready(s);
	return write(pair[1], "b", 1) != 1;
}

/* ---- cases ------------------------------------------------------------------------ */

static void test_ready(void)
{
	struct sight s;
	bool came;
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGINT, SIG_IGN);
	ret = spawn(live, NULL, keep, false, &err);
	tap_ok(!ret, "the starter hears that it is ready");
	close(pair[1]);
	came = read(pair[0], &s, sizeof(s)) == sizeof(s);
	tap_ok(came && s.pid != getpid() && s.parent != getpid() &&
	       s.session != getsid(0) && s.session != s.pid,
	       "it is in a session of its own, which it does not lead");
	tap_ok(s.null && s.root, "without files of its starter's");
	tap_ok(s.open == 5 && !s.has_inherited,
	       "nothing open but these, what it keeps and the pipe: %u", s.open);
	tap_ok(s.no_mask && s.default_int && s.mask == 077,
	       "signals are as they should be");
	tap_ok(!kill(s.pid, 0), "it lives on");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGINT, SIG_DFL);
}

static void test_failures(void)
{
	tap_ok(spawn(refuse, "luck", keep, false, &err) && err.code == VMCTL_HOST &&
	       !strcmp(err.text, "no luck today"), "why it is not");
	tap_ok(spawn(die, NULL, keep, false, &err) && err.code == VMCTL_FAILED &&
	       strstr(err.text, "died before"), "it died");
	tap_ok(spawn(leave, NULL, keep, false, &err) && err.code == VMCTL_FAILED,
	       "it ended without a word");
	tap_ok(waitpid(-1, NULL, WNOHANG) < 0, "no child of ours is left");
}

/* Where there is nobody else; as a user that is asked for in vain. */
static void test_alone(void)
{
	struct sight s = {};

	tap_ok(!spawn(live, NULL, keep, true, &err), "alone");
	close(pair[1]);
	tap_ok(read(pair[0], &s, sizeof(s)) == sizeof(s) &&
	       (s.pid == 1) == !geteuid(), "it is the first of its processes");
}

static void test_orphan(void)
{
	pid_t starter = fork();
	char c = 0;

	if (!starter)
		_exit(spawn(slow, NULL, keep, false, &err));
	tap_ok(read(pair[0], &c, 1) == 1 && c == 'a', "while it gets ready");
	kill(starter, SIGKILL);
	waitpid(starter, NULL, 0);
	tap_ok(write(pair[0], "x", 1) == 1 && read(pair[0], &c, 1) == 1 &&
	       c == 'b', "its starter is killed: it goes on");
}

static void make_pair(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	keep[0] = pair[1];
}

int main(void)
{
	inherited = open("/dev/null", O_RDONLY);
	make_pair();
	test_ready();
	close(pair[0]);
	make_pair();
	test_alone();
	close(pair[0]);
	make_pair();
	test_failures();
	test_orphan();
	return tap_done();
}
