// SPDX-License-Identifier: GPL-2.0
/*
 * Where things of a VM lie, and whose they are: paths by user and environment,
 * definitions that appear whole or not at all, the lock that is a sign of life.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "vm/define.h"
#include "vm/runtime.h"

static struct err err;
static struct paths paths;
static char root[] = "/tmp/vmctl-places-XXXXXX";

/* ---- paths ---------------------------------------------------------------------- */

static const char *env_home, *env_config, *env_run, *env_state, *env_all;

static char *env(const char *name)
{
	const char *value = !strcmp(name, "HOME") ? env_home :
			    !strcmp(name, "XDG_CONFIG_HOME") ? env_config :
			    !strcmp(name, "XDG_RUNTIME_DIR") ? env_run :
			    !strcmp(name, "XDG_STATE_HOME") ? env_state :
			    !strcmp(name, "VMM_DIR") ? env_all : NULL;

	return (char *)value;
}

static bool are(const char *conf, const char *run, const char *log)
{
	return !strcmp(paths.conf, conf) && !strcmp(paths.run, run) &&
	       !strcmp(paths.log, log);
}

static void test_paths(void)
{
	static char deep[PATHS_LEN + 8];
	const uid_t nobody = 4000000000U;	/* who has not logged in */

	tap_ok(!paths_find_as(&paths, 0, env, &err) &&
	       are("/etc/vmm", "/run/vmm", "/var/log/vmm"), "root's places");
	env_home = "/home/u";
	tap_ok(!paths_find_as(&paths, nobody, env, &err) &&
	       are("/home/u/.config/vmm", "", "/home/u/.local/state/vmm"),
	       "those of a user who has no more than a home");
	env_config = "/c";
	env_run = "/r";
	env_state = "not/absolute";
	tap_ok(!paths_find_as(&paths, nobody, env, &err) &&
	       are("/c/vmm", "/r/vmm", "/home/u/.local/state/vmm"),
	       "the environment's; a relative one is none");
	env_home = NULL;
	tap_ok(paths_find_as(&paths, nobody, env, &err) &&
	       strstr(err.text, "XDG_STATE_HOME"), "no home: says what to set");
	env_all = "/all";
	tap_ok(!paths_find_as(&paths, nobody, env, &err) &&
	       are("/all/etc", "/all/run", "/all/log"), "one for all");
	env_all = "all";
	tap_ok(paths_find_as(&paths, 0, env, &err), "which is absolute");
	memset(deep, 'x', sizeof(deep) - 1);
	deep[0] = '/';
	env_all = deep;
	tap_ok(paths_find_as(&paths, 0, env, &err), "and not too long");
}

/* ---- definitions ------------------------------------------------------------------ */

static int count_entries(void)
{
	char **names;
	size_t count;

	if (define_names(&paths, &names, &count, &err))
		return -1;
	define_free_names(names, count);
	return (int)count;
}

static bool create(const char *name, const char *kernel)
{
	struct conf conf;
	bool good;

	conf_init(&conf);
	good = !conf_name(&conf, name, &err) &&
	       !conf_option(&conf, 'k', kernel, &err) &&
	       !define_create(&paths, &conf, &err);
	conf_free(&conf);
	return good;
}

static bool has_kernel(const char *name, const char *kernel)
{
	struct conf conf;
	bool good;

	conf_init(&conf);
	good = !define_read(&paths, name, &conf, &err) &&
	       !strcmp(conf.opt.name, name) &&
	       !strcmp(conf.opt.boot.kernel, kernel);
	conf_free(&conf);
	return good;
}

static void put_file(const char *name, const char *text)
{
	char path[PATHS_LEN];
	FILE *f;

	if (paths_join(path, paths.conf, name, "", &err))
		return;
	f = fopen(path, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

/* Many at once want one name: one gets it, with all of its content. */
static void test_race(void)
{
	unsigned int i, won = 0;
	int status;

	fflush(stdout);
	for (i = 0; i < 8; i++)
		if (!fork())
			_exit(create("race", "/same") ? 0 :
			      strstr(err.text, "defined already") ? 1 : 2);
	for (i = 0; i < 8 && wait(&status) > 0; i++)
		won += WIFEXITED(status) && !WEXITSTATUS(status) ? 1 :
		       WIFEXITED(status) && WEXITSTATUS(status) == 1 ? 0 : 100;
	tap_ok(i == 8 && won == 1 && has_kernel("race", "/same"),
	       "one of many gets a name");
	define_remove(&paths, "race", &err);
}

static void test_definitions(void)
{
	char path[PATHS_LEN];
	char **names;
	size_t count;
	struct stat st;

	tap_ok(!count_entries(), "no directory: no definitions");
	tap_ok(create("web", "/k") && has_kernel("web", "/k"), "created, read");
	paths_join(path, paths.conf, "web.conf", "", &err);
	tap_ok(!stat(path, &st) && (st.st_mode & 0777) == 0600, "private");
	tap_ok(!create("web", "/other") && err.code == VMCTL_FAILED &&
	       strstr(err.text, "defined already"), "a second time: refused");
	tap_ok(has_kernel("web", "/k"), "and as it was");
	test_race();
	create("lab", "/k");
	put_file("notes.txt", "");
	put_file(".conf", "");
	put_file("1st.conf", "");
	put_file("broken.conf", "cpus none\n");
	if (!define_names(&paths, &names, &count, &err)) {
		tap_ok(count == 3 && !strcmp(names[0], "broken") &&
		       !strcmp(names[1], "lab") && !strcmp(names[2], "web"),
		       "all of them, and nothing else");
		define_free_names(names, count);
	}
	tap_ok(!has_kernel("broken", "") && strstr(err.text, "broken.conf:1: "),
	       "a broken one: file and line");
	tap_ok(!has_kernel("none", "") && err.code == VMCTL_NO_VM, "no such");
	tap_ok(!has_kernel("../etc/web", "") && err.code == VMCTL_USAGE,
	       "a name is not a way out");
	paths_join(path, paths.conf, "pipe.conf", "", &err);
	mkfifo(path, 0600);
	tap_ok(!has_kernel("pipe", "") && strstr(err.text, "regular"),
	       "a pipe is refused, not waited for");
	tap_ok(!define_remove(&paths, "web", &err) &&
	       define_remove(&paths, "web", &err) && err.code == VMCTL_NO_VM,
	       "removed once");
}

/* ---- the sign of life --------------------------------------------------------------- */

/* A child that claims "web", says so, and waits to be killed; @heir: a child of it */
static pid_t start_owner(pid_t *heir)
{
	int ready[2];
	pid_t pid, owner = 0;

	if (pipe(ready))
		abort();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct runtime rt;

		if (runtime_claim(&rt, &paths, "web", &err))
			_exit(1);
		/* the claimer ends, its child has inherited the lock */
		if (heir && fork())
			_exit(0);
		owner = getpid();
		if (write(ready[1], &owner, sizeof(owner)) != sizeof(owner))
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &owner, sizeof(owner)) != sizeof(owner))
		tap_note("the owner could not claim");
	close(ready[0]);
	if (heir)
		*heir = owner;
	return pid;
}

static void test_life(void)
{
	char path[PATHS_LEN], dir[PATHS_LEN];
	struct runtime rt;
	pid_t pid;

	tap_ok(runtime_alive(&paths, "web", &err) == 0, "never started: dead");
	pid = start_owner(NULL);
	tap_ok(runtime_alive(&paths, "web", &err) == 1, "started: alive");
	tap_ok(runtime_claim(&rt, &paths, "web", &err) &&
	       err.code == VMCTL_STATE, "and not to be had");
	tap_ok(runtime_alive(&paths, "web2", &err) == 0, "another is not");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	paths_join(dir, paths.run, "web", "", &err);
	paths_join(path, dir, "control", "", &err);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	tap_ok(!access(path, F_OK) && runtime_alive(&paths, "web", &err) == 0,
	       "killed: dead, whatever it left");
	tap_ok(!runtime_claim(&rt, &paths, "web", &err) && access(path, F_OK),
	       "and what it left is cleared away and reused");
	runtime_release(&rt);
	tap_ok(access(dir, F_OK), "released: nothing is left");
	tap_ok(runtime_alive(&paths, "../x", &err) < 0, "names are checked");
}

/* Stands in for the C library's, so that things can happen right before a lock. */
static void (*before_lock)(void);

int fcntl(int fd, int cmd, ...)
{
	void (*happens)(void) = before_lock;
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	if (cmd == F_OFD_SETLK && happens) {
		before_lock = NULL;
		happens();
	}
	return (int)syscall(SYS_fcntl, fd, cmd, arg);
}

static pid_t successor;

/* One owner ends, removing the lock that has just been opened, and another comes. */
static void change_owner(void)
{
	char lock[PATHS_LEN];

	paths_join(lock, paths.run, "web/lock", "", &err);
	if (unlink(lock))
		abort();
	successor = start_owner(NULL);
}

static void test_old_lock(void)
{
	struct runtime rt;

	before_lock = change_owner;
	tap_ok(runtime_claim(&rt, &paths, "web", &err) &&
	       err.code == VMCTL_STATE && !before_lock,
	       "the lock of an owner that has gone is not the present one's");
	kill(successor, SIGKILL);
	waitpid(successor, NULL, 0);
	tap_ok(!runtime_claim(&rt, &paths, "web", &err), "but then it is free");
	runtime_release(&rt);
}

static void test_inherited(void)
{
	pid_t heir = 0, pid = start_owner(&heir);
	unsigned int i;

	waitpid(pid, NULL, 0);
	tap_ok(runtime_alive(&paths, "web", &err) == 1,
	       "who claimed has ended, its child lives: alive");
	if (heir)
		kill(heir, SIGKILL);
	for (i = 0; i < 500 && runtime_alive(&paths, "web", &err); i++)
		usleep(10000);
	tap_ok(runtime_alive(&paths, "web", &err) == 0, "the child, too: dead");
}

/* Owners that come and go: there is never more than one. */
static void test_one_owner(void)
{
	unsigned int i, k, bad = 0;
	char path[PATHS_LEN];
	int status;

	paths_join(path, paths.run, "owner", "", &err);
	fflush(stdout);
	for (i = 0; i < 4; i++) {
		if (fork())
			continue;
		for (k = 0; k < 300; k++) {
			struct runtime rt;

			if (runtime_claim(&rt, &paths, "busy", &err)) {
				if (err.code != VMCTL_STATE)
					_exit(1);
				continue;
			}
			if (mkdir(path, 0700) || rmdir(path))
				_exit(2);	/* we are two */
			runtime_release(&rt);
		}
		_exit(0);
	}
	for (i = 0; i < 4 && wait(&status) > 0; i++)
		bad += !WIFEXITED(status) || WEXITSTATUS(status);
	tap_ok(i == 4 && !bad, "never two owners");
}

int main(void)
{
	char command[64];

	test_paths();
	if (!mkdtemp(root))
		return 1;
	snprintf(paths.conf, sizeof(paths.conf), "%s/a/etc", root);
	snprintf(paths.run, sizeof(paths.run), "%s/a/run", root);
	snprintf(paths.log, sizeof(paths.log), "%s/a/log", root);
	test_definitions();
	test_life();
	test_old_lock();
	test_inherited();
	test_one_owner();
	snprintf(command, sizeof(command), "rm -r %s", root);
	if (system(command))
		return 1;
	return tap_done();
}
