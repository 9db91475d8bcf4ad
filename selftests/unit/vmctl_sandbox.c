// SPDX-License-Identifier: GPL-2.0
/*
 * What a process can and cannot do in the sandbox, as a guest that owns it would try:
 * each attempt is made by a child that has entered as a machine in the background does,
 * by root, by a user, and where the kernel has neither namespaces nor Landlock.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/vmm.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/local.h"
#include "tap.h"
#include "vm/console_log.h"
#include "vm/runtime.h"
#include "vm/sandbox.h"
#include "vm/thread.h"
#include "vmctl_sandbox_calls.h"
#include "vmctl_sandbox_inside.h"

#define UID	12345	/* of a user who is nobody else */

static char root[] = "/tmp/vmctl-sandbox-XXXXXX";

/* ---- calls that are forbidden -------------------------------------------------------- */

static int make_call(const void *arg)
{
	const struct call *c = arg;

	return syscall(c->nr, c->arg[0], c->arg[1], c->arg[2], c->arg[3],
		       c->arg[4], c->arg[5]) < 0 ? errno : 0;
}

static void test_forbidden(void)
{
	unsigned int i, bad = 0;
	struct outcome o;
	char want[128];

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		o = inside(make_call, &calls[i]);
		snprintf(want, sizeof(want), "<forbidden system call %ld (%s)>",
			 calls[i].nr, calls[i].name);
		if (o.signal == SIGSYS && o.value == NEVER &&
		    !strcmp(o.words, want))
			continue;
		tap_note("%s: signal %d, value %d, words %s", calls[i].name,
			 o.signal, o.value, o.words);
		bad++;
	}
	tap_ok(!bad, "%s: %zu forbidden calls end the process, and it says which: %u do not",
	       kernel.who, ARRAY_SIZE(calls), bad);
}

/* By the gates of 32-bit programs and of x32. */
static int old_gate(const void *arg)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret) : "a" (20L) : "memory");
	return (int)ret;
}

static int x32_gate(const void *arg)
{
	return (int)syscall(0x40000000L | SYS_getpid);
}

static void test_gates(void)
{
	struct outcome o = inside(old_gate, NULL), x = inside(x32_gate, NULL);

	tap_ok(o.signal && o.value == NEVER, "%s: nor by another gate",
	       kernel.who);
	tap_ok(x.signal && x.value == NEVER, "%s: or in another ABI",
	       kernel.who);
}

/* ---- names that lead out --------------------------------------------------------------- */

static const char *const ways_out[] = {
	"/etc/passwd", "../../etc/web.conf", "../web/../../etc/web.conf",
	"../../../../../../../../etc/passwd", "../lab/console.log",
	"/proc/self/mem", "/dev/null", "link",
};

static int open_out(const void *arg)
{
	return openat(w.log.dir, arg, CONSOLE_LOG_OPEN, CONSOLE_LOG_MODE) < 0 ?
	       errno : 0;
}

static int rename_in(const void *arg)
{
	return renameat(w.log.dir, arg, w.log.dir, "stolen") ? errno : 0;
}

static int rename_out(const void *arg)
{
	return renameat(w.log.dir, "console.log", w.log.dir, arg) ? errno : 0;
}

static int unlink_out(const void *arg)
{
	return unlinkat(w.rt.at, arg, 0) ? errno : 0;
}

static int rmdir_out(const void *arg)
{
	return unlinkat(w.rt.above, arg, AT_REMOVEDIR) ? errno : 0;
}

static void make_targets(void)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p etc log/web log/lab run/lab out/empty && "
		 "echo cpus 1 >etc/web.conf && echo 1 >log/lab/console.log && "
		 "echo 1 >run/lab/lock && ln -sf ../../etc/web.conf log/web/link && "
		 "chmod -R go-rwx . && chown -R %u:%u .", root, kernel.uid,
		 kernel.uid);
	if (system(command))
		abort();
}

/* All that is there, and what is in it. */
static unsigned long fingerprint(void)
{
	unsigned long sum = 0;
	char command[256];
	FILE *f;

	snprintf(command, sizeof(command),
		 "cd %s && { find etc out log/lab run/lab -printf '%%p %%i '; "
		 "cat etc/web.conf log/lab/console.log; } | cksum", root);
	f = popen(command, "r");
	if (!f || fscanf(f, "%lu", &sum) != 1)
		abort();
	pclose(f);
	return sum;
}

static bool kept_out(const char *what, int (*attempt)(const void *arg),
		     const char *name)
{
	struct outcome o = inside(attempt, name);

	/* without confinement there is no directory to begin with */
	if ((o.value && o.value != NEVER) ||
	    (o.value == NEVER && o.signal == SIGSYS))
		return true;
	tap_note("%s %s: signal %d, value %d", what, name, o.signal, o.value);
	return false;
}

static void test_ways_out(void)
{
	unsigned long was;
	unsigned int i, bad = 0;

	make_targets();
	was = fingerprint();
	for (i = 0; i < ARRAY_SIZE(ways_out); i++) {
		bad += !kept_out("open", open_out, ways_out[i]);
		if (strcmp(ways_out[i], "link"))
			bad += !kept_out("rename", rename_in, ways_out[i]);
		if (strcmp(ways_out[i], "link"))
			bad += !kept_out("rename to", rename_out, ways_out[i]);
		bad += !kept_out("unlink", unlink_out, ways_out[i]);
	}
	bad += !kept_out("unlink", unlink_out, "../lab/lock");
	bad += !kept_out("rmdir", rmdir_out, "../out/empty");
	bad += !kept_out("rmdir", rmdir_out, "lab");
	tap_ok(!bad, "%s: no name leads out: %u do", kernel.who, bad);
	tap_ok(fingerprint() == was, "%s: all is as it was", kernel.who);
}

/* ---- what works ------------------------------------------------------------------------- */

static void *allocate(void *arg)
{
	unsigned int i;
	char *p;

	thread_name("worker");
	thread_allow_kick();
	for (i = 0; i < 64; i++) {
		p = malloc(1 << (i % 22));
		if (!p)
			return arg;
		memset(p, 1, 1 << (i % 22));
		free(p);
	}
	return NULL;
}

static int threads(const void *arg)
{
	pthread_t thread[4];
	unsigned int i, bad = 0;
	void *ret;

	for (i = 0; i < ARRAY_SIZE(thread); i++)
		if (pthread_create(&thread[i], NULL, allocate, &bad))
			return errno;
	for (i = 0; i < ARRAY_SIZE(thread); i++) {
		thread_join(thread[i]);
		bad += pthread_join(thread[i], &ret) == 0 && ret;
	}
	return (int)bad;
}

/* Words of each kind: numbers, times, errors, the terminal's. */
static int words(const void *arg)
{
	time_t now = time(NULL);
	char text[64];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, sizeof(text), "%g %s %s", 1.5, strerror(ENOSPC),
		 sigabbrev_np(SIGTERM));
	return strncmp(text, "1.5 ", 4);
}

static int log_turns(const void *arg)
{
	static const uint8_t line[100] = { [0 ... 98] = 'x', '\n' };
	unsigned int i;

	for (i = 0; i < 100; i++)
		console_log_write(&w.log, line, sizeof(line));
	console_log_mark(&w.log, "ended");
	return w.log.lost ? w.log.error : 0;
}

static int tidy(const void *arg)
{
	place_leave(&w.place);
	runtime_release(&w.rt);
	return 0;
}

static int too_large(const void *arg)
{
	static char much[LIMIT];

	if (write(w.log.fd, much, sizeof(much)) != sizeof(much))
		return -1;
	return write(w.log.fd, much, 1) < 0 ? errno : 0;
}

static int too_many(const void *arg)
{
	unsigned int n = 0;

	while (n < 100 && eventfd(0, EFD_CLOEXEC) >= 0)
		n++;
	return n < 100 ? errno : 0;
}

static off_t size_of(const char *name)
{
	char path[PATHS_LEN];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return stat(path, &st) ? -1 : st.st_size;
}

static void remove_log(void)
{
	console_log_remove(&paths, "web", &err);
}

static void test_works(void)
{
	bool confined = !kernel.no_spaces || !kernel.no_landlock;
	struct outcome o;

	o = inside(threads, NULL);
	tap_ok(!o.value, "%s: threads come, allocate, and go: %d, %d %s",
	       kernel.who, o.value, o.signal, o.words);
	o = inside(words, NULL);
	tap_ok(!o.value, "%s: words are found %s", kernel.who, o.words);
	remove_log();
	o = inside(log_turns, NULL);
	if (confined)
		tap_ok(!o.value && size_of("log/web/console.log.1") == LIMIT / 2,
		       "%s: the log goes on in another file", kernel.who);
	else
		tap_ok(o.value == EFBIG && size_of("log/web/console.log") == LIMIT / 2,
		       "%s: the log ends at its limit, and counts", kernel.who);
	remove_log();
	o = inside(too_large, NULL);
	tap_ok(o.value == EFBIG, "%s: no file grows beyond that %d", kernel.who,
	       o.value);
	remove_log();
	o = inside(too_many, NULL);
	tap_ok(o.value == EMFILE, "%s: nor the number of open ones: %d",
	       kernel.who, o.value);
	o = inside(tidy, NULL);
	tap_ok(!o.value && (size_of("run/web") < 0) == confined &&
	       (size_of("run/groups/web") < 0) == confined,
	       "%s: it tidies up if it can do nothing else there", kernel.who);
}

/* ---- who may speak to it ------------------------------------------------------------------ */

static int serve(const void *arg)
{
	struct pollfd p = { .fd = w.listener, .events = POLLIN };
	int fd;

	if (write(w.words, "up", 2) != 2 || poll(&p, 1, 10000) != 1)
		return -1;
	fd = accept4(w.listener, NULL, NULL, SOCK_CLOEXEC);
	return fd >= 0 && local_allowed(fd) ? 0 : EACCES;
}

/* A client that is root, while the machine may be another's. */
static void test_root_speaks(void)
{
	char path[PATHS_LEN];
	struct outcome o;
	pid_t pid = fork();
	int tries;

	if (!pid) {
		snprintf(path, sizeof(path), "%s/run/web/control", root);
		for (tries = 0; tries < 100; tries++) {
			if (local_connect(path, SOCK_STREAM, &err) >= 0)
				break;
			usleep(100000);
		}
		sleep(1);
		leave(0);
	}
	o = inside(serve, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_ok(!o.value, "%s: root may speak to it", kernel.who);
}

/* ---- as others see it ----------------------------------------------------------------------- */

static void status_line(pid_t pid, const char *key, char *value, size_t size)
{
	char path[64], line[256];
	FILE *f;

	*value = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) &&
		    line[strlen(key)] == ':')
			snprintf(value, size, "%s", line + strlen(key) + 2);
	if (f)
		fclose(f);
	value[strcspn(value, "\n")] = 0;
}

static bool status_is(pid_t pid, const char *key, const char *want)
{
	char value[128];

	status_line(pid, key, value, sizeof(value));
	if (!strcmp(value, want))
		return true;
	tap_note("%s: %s, not %s", key, value, want);
	return false;
}

static bool same_space(pid_t pid, const char *name)
{
	char path[64], ours[64] = "", its[64] = "?";

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (readlink(path, ours, sizeof(ours) - 1) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return readlink(path, its, sizeof(its) - 1) > 0 && !strcmp(ours, its);
}

static unsigned int entries_of(pid_t pid, const char *what)
{
	char command[128];
	unsigned int n = 0;
	FILE *f;

	snprintf(command, sizeof(command), "ls -A /proc/%d/%s | wc -l",
		 (int)pid, what);
	f = popen(command, "r");
	if (!f || fscanf(f, "%u", &n) != 1)
		n = 9999;
	if (f)
		pclose(f);
	return n;
}

static void look_at(pid_t pid)
{
	static const char *const sets[] = {
		"CapInh", "CapPrm", "CapEff", "CapAmb",
	};
	static const char *const spaces[] = { "mnt", "net", "ipc", "uts", "cgroup" };
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		bad += !status_is(pid, sets[i], "0000000000000000");
	/* who never had the right to lower it has no use for it */
	if (!kernel.uid || !kernel.no_spaces)
		bad += !status_is(pid, "CapBnd", "0000000000000000");
	bad += !status_is(pid, "NoNewPrivs", "1") ||
	       !status_is(pid, "Seccomp", "2");
	if (!kernel.uid)
		bad += !status_is(pid, "Groups", " ") && !status_is(pid, "Groups", "");
	tap_ok(!bad, "%s: no privileges, and none to come", kernel.who);
	for (i = bad = 0; i < ARRAY_SIZE(spaces); i++)
		bad += same_space(pid, spaces[i]) != kernel.no_spaces;
	tap_ok(!bad, "%s: %s", kernel.who, kernel.no_spaces ?
	       "no spaces of its own" : "spaces of its own");
	if (!kernel.no_spaces)
		tap_ok(!entries_of(pid, "root") && !entries_of(pid, "cwd"),
		       "%s: whose root is empty", kernel.who);
}

static void report_and_wait(int fd)
{
	struct { unsigned int has; char lacks[256]; } out;
	char c;

	out.has = w.sandbox.has;
	sandbox_lacks(&w.sandbox, out.lacks, sizeof(out.lacks));
	if (write(fd, &out, sizeof(out)) == sizeof(out) && read(fd, &c, 1) < 0)
		leave(1);
	leave(0);
}

static void test_seen(void)
{
	struct { unsigned int has; char lacks[256]; } in = {};
	unsigned int all = (1U << SANDBOX_PARTS) - 1;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	pid = fork();
	if (!pid) {
		close(pair[0]);
		w.words = STDERR_FILENO;
		prepare(SANDBOX_ON);
		if (sandbox_enter(&w.sandbox, &err))
			leave(1);
		report_and_wait(pair[1]);
	}
	close(pair[1]);
	tap_ok(read(pair[0], &in, sizeof(in)) == sizeof(in), "%s: it is in",
	       kernel.who);
	look_at(pid);
	all &= ~(1U << SANDBOX_PROCESSES);
	if (kernel.uid)
		in.has |= 1U << SANDBOX_GROUPS;	/* not missed */
	if (kernel.no_spaces)
		all &= (1U << SANDBOX_ROOT) - 1;
	if (kernel.no_landlock)
		all &= ~(1U << SANDBOX_LANDLOCK);
	tap_ok(in.has == all, "%s: it knows what it has: %#x", kernel.who, in.has);
	tap_ok(!strstr(in.lacks, "root, network, ipc, names, cgroups (Operation not permitted)") ==
	       !kernel.no_spaces &&
	       !strstr(in.lacks, "landlock (Function not implemented)") ==
	       !kernel.no_landlock && !*in.lacks ==
	       !(kernel.no_spaces || kernel.no_landlock),
	       "%s: and what lacks: %s", kernel.who, in.lacks);
	close(pair[0]);
	waitpid(pid, NULL, 0);
}

static void test_modes(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		prepare(SANDBOX_REQUIRED);
		leave(sandbox_enter(&w.sandbox, &err) ? err.code : 0);
	}
	waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) ==
	       (kernel.no_spaces || kernel.no_landlock ? VMCTL_HOST : 0),
	       "%s: required: %s", kernel.who,
	       kernel.no_spaces || kernel.no_landlock ? "refused" : "granted");
	pid = fork();
	if (!pid) {
		prepare(SANDBOX_OFF);
		if (sandbox_enter(&w.sandbox, &err) || w.sandbox.has)
			leave(1);
		leave(open("/dev/null", O_RDONLY) < 0);
	}
	waitpid(pid, &status, 0);
	tap_ok(!status, "%s: off is off", kernel.who);
}

/* ------------------------------------------------------------------------------------------- */

static void test_all(struct kernel as)
{
	kernel = as;
	make_targets();
	test_seen();
	test_modes();
	/* the list is one: spaces would only cost time */
	kernel.no_spaces = true;
	if (!as.no_spaces && !as.no_landlock)
		test_forbidden();
	test_gates();
	kernel = as;
	test_works();
	test_ways_out();
	if (!geteuid())
		test_root_speaks();
}

static bool make_places(void)
{
	if (!mkdtemp(root))
		return false;
	snprintf(paths.conf, sizeof(paths.conf), "%s/etc", root);
	snprintf(paths.run, sizeof(paths.run), "%s/run", root);
	snprintf(paths.log, sizeof(paths.log), "%s/log", root);
	return true;
}

int main(void)
{
	char command[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	sandbox_close_others();
	tap_ok(fcntl(STDERR_FILENO, F_GETFD) >= 0 && open("/", O_PATH) == 3,
	       "what was inherited is closed");
	if (!tap_ok(make_places(), "a place"))
		return tap_done();
	if (!geteuid()) {
		test_all((struct kernel){ .who = "root" });
		test_all((struct kernel){ .who = "a user", .uid = UID });
		test_all((struct kernel){ .who = "root without Landlock",
			 .no_landlock = true });
		test_all((struct kernel){ .who = "a user without spaces",
			 .uid = UID, .no_spaces = true });
		test_all((struct kernel){ .who = "root without both",
			 .no_spaces = true, .no_landlock = true });
	} else {
		test_all((struct kernel){ .who = "a user", .uid = geteuid() });
	}
	snprintf(command, sizeof(command), "rm -r %s", root);
	tap_ok(!system(command), "nothing is left");
	return tap_done();
}
