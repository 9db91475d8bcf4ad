// SPDX-License-Identifier: GPL-2.0
/*
 * Domains of deduplication: pages of different users stay apart, and those of whoever got a
 * domain of his own; a change takes apart what was merged; rights; all of it by VM, too,
 * and what is not to be merged at all.
 *
 * test: timeout: 240
 */
#include "ksm_fill.h"
#include "lineage.h"

#define OWN	(PAGES - ZEROS)

static int to_domain(int fd, uint64_t domain, uint32_t flags)
{
	struct vmm_mem_domain d = { .domain = domain, .flags = flags };

	return ioctl(fd, VMM_MEM_SET_DOMAIN, &d) ? errno : 0;
}

static uint64_t new_domain(int fd)
{
	struct vmm_mem_domain d = { .flags = VMM_DOMAIN_NEW };

	return ioctl(fd, VMM_MEM_SET_DOMAIN, &d) ? 0 : d.domain;
}

/* Everything, from nothing, and how many frames that takes. */
static bool pass_makes(long long frames)
{
	pass();
	return is("pages_shared", frames);
}

/* ---- users ------------------------------------------------------------------------------ */

/* Another user has an object with the same contents until @go is closed. */
static pid_t other_user(int *ready, int *go)
{
	int told[2], wait[2], fd, frozen, bad = 0;
	unsigned char *p;
	pid_t pid;
	char c;

	if (pipe(told) || pipe(wait))
		vt_bail("pipe");
	pid = fork();
	if (pid) {
		close(told[1]);
		close(wait[0]);
		*ready = told[0];
		*go = wait[1];
		return pid;
	}
	close(wait[1]);
	if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
		_exit(99);
	fd = filled(0, 2000000, &p);
	bad |= to_domain(fd, 0, 0) != EPERM;
	bad |= (to_domain(fd, 1000, 0) != EPERM) << 1;
	if (write(told[1], "", 1) != 1 || read(wait[0], &c, 1) != 1)
		_exit(98);
	frozen = mem_freeze(fd);
	bad |= (to_domain(frozen, 0, VMM_DOMAIN_NEW) != EROFS ||
		to_domain(frozen, 0, VMM_DOMAIN_OFF) != EROFS) << 2;
	bad |= (new_domain(fd) <= 0xffffffffULL) << 3;
	bad |= (mem_sum(fd, SIZE) != sum_of(2000000)) << 4;
	if (write(told[1], "", 1) != 1 || read(wait[0], &c, 1) != 0)
		_exit(97);
	_exit(bad);
}

static void test_users(void)
{
	unsigned char *p;
	int a, ready, go, status;
	pid_t pid;
	char c;

	begin();
	a = filled(0, 1000000, &p);
	pid = other_user(&ready, &go);
	if (read(ready, &c, 1) != 1)
		vt_bail("the other user");
	tap_ok(!strcmp(get("security"), "domain") && pass_makes(2 * CONTENTS) &
	       is("pages_sharing", 2 * (EQUAL - CONTENTS)),
	       "two users have nothing in common");
	tap_ok(!set("security", "shared") && is("pages_shared", 0) &
	       is("full_scans", 0), "security: all comes apart, and is forgotten");
	tap_ok(pass_makes(CONTENTS), "now they have");
	tap_ok(!set("security", "domain") && is("pages_shared", 0) &&
	       pass_makes(2 * CONTENTS), "and not any more");
	if (write(go, "", 1) != 1 || read(ready, &c, 1) != 1)
		vt_bail("the other user");
	tap_ok(is("pages_shared", CONTENTS), "who goes to another domain comes apart");
	close(go);
	waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && !WEXITSTATUS(status),
	       "a user may leave a domain, and join none (%#x)", status);
	close(ready);
	tap_ok(mem_sum(a, SIZE) == sum_of(1000000), "byte by byte");
	close(a);
}

/* ---- objects ---------------------------------------------------------------------------- */

static void test_objects(void)
{
	unsigned char *p;
	int a, b, snap;
	long long was;
	uint64_t own;

	begin();
	a = filled(0, 1000000, &p);
	b = filled(VMM_MEM_SMALL_PAGES, 2000000, &p);
	snap = mem_freeze(a);
	tap_ok(pass_makes(CONTENTS), "one user");
	tap_ok(to_domain(a, 0, 4) == EINVAL && to_domain(a, 5, 1) == EINVAL &&
	       to_domain(a, 0, 3) == EINVAL && to_domain(a, 5, 2) == EINVAL,
	       "flags");
	own = new_domain(a);
	tap_ok(own > 0xffffffffULL && new_domain(b) > own, "new ones");
	tap_ok(is("pages_shared", 0) && mem_sum(a, SIZE) == sum_of(1000000) &&
	       mem_sum(snap, SIZE) == sum_of(1000000) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "all comes apart");
	tap_ok(pass_makes(2 * CONTENTS) & is("observed_shared", 2 * CONTENTS +
					     PAGES - EQUAL - ZEROS),
	       "each for himself");
	tap_ok(!to_domain(b, own, 0) && is("pages_shared", CONTENTS) &&
	       pass_makes(CONTENTS), "both in one");
	tap_ok(!to_domain(b, own, 0) && is("pages_shared", CONTENTS),
	       "which is no change the second time");
	was = figure("pages_sharing");
	tap_ok(!to_domain(b, 0, VMM_DOMAIN_OFF) &&
	       figure("pages_sharing") < was &&
	       mem_sum(b, SIZE) == sum_of(2000000), "one is taken apart");
	pass();
	tap_ok(figure("pages_sharing") < was && is("pages_shared", CONTENTS),
	       "and left out");
	close(snap);
	close(a);
	close(b);
}

/* ---- VMs ---------------------------------------------------------------------------------- */

static char vm_file[64];

static const char *of_vm(unsigned int id, const char *name)
{
	snprintf(vm_file, sizeof(vm_file), "../vms/%u/ksm/%s", id, name);
	return vm_file;
}

#define LOW	(2 * VT_MB)
#define GPA	(16 * VT_MB)

static void test_vms(void)
{
	struct vt t[2];
	unsigned char *p;
	unsigned int id;
	int fd[2], i;

	begin();
	for (i = 0; i < 2; i++) {
		fd[i] = filled(0, 1000000 * (i + 1), &p);
		vt_make(&t[i], 1, LOW);
		if (vt_set_slot(t[i].vm, 1, GPA, SIZE, fd[i], 0, 0))
			vt_bail("slot");
	}
	for (id = 0; !get(of_vm(id, "domain")) && id < 1000; id++)
		;
	tap_ok(is(of_vm(id, "domain"), 0) & is(of_vm(id, "enable"), 1),
	       "as their user's");
	tap_ok(set(of_vm(id, "domain"), "mine") == EINVAL &&
	       set(of_vm(id, "domain"), "-1") == EINVAL &&
	       set(of_vm(id, "enable"), "perhaps") == EINVAL, "words");
	tap_ok(!set(of_vm(id, "domain"), "77") && is(of_vm(id, "domain"), 77) &&
	       !to_domain(fd[0], 78, 0) &&
	       !strcmp(get(of_vm(id, "domain")), "mixed") &&
	       !set(of_vm(id, "domain"), "new") &&
	       figure(of_vm(id, "domain")) > 0xffffffffLL, "all objects of a VM");
	pass();
	tap_ok(figure(of_vm(id, "merges")) >= (long long)EQUAL &&
	       figure("pages_shared") >= 2 * (long long)CONTENTS,
	       "it has its own frames");
	tap_ok(!set(of_vm(id, "enable"), "0") && is(of_vm(id, "enable"), 0) &&
	       is(of_vm(id, "equal_pages"), 0) &&
	       figure("pages_shared") < 2 * (long long)CONTENTS, "or none");
	pass();
	tap_ok(is(of_vm(id, "equal_pages"), 0) & is(of_vm(id, "unique_pages"), 0) &&
	       mem_sum(fd[0], SIZE) == sum_of(1000000), "is not looked at");
	tap_ok(!set(of_vm(id, "enable"), "1") &&
	       !set(of_vm(id, "domain"), "0"), "and is again");
	pass();
	tap_ok(figure("pages_shared") >= (long long)CONTENTS &&
	       figure("pages_shared") < 2 * (long long)CONTENTS, "with the other");
	for (i = 0; i < 2; i++) {
		vt_free(&t[i]);
		close(fd[i]);
	}
}

/* ---- changes under way --------------------------------------------------------------------- */

static void test_changes(void)
{
	unsigned char *p;
	int fd[3], i, n;
	bool good = true;

	begin();
	set_number("pages_to_scan", 100000);
	set_number("sleep_millisecs", 0);
	set_number("budget_cpu_pct", 100);
	for (i = 0; i < 3; i++)
		fd[i] = filled(0, 1000000, &p);
	set("run", "1");
	for (n = 0; n < 60; n++) {
		good &= !to_domain(fd[n % 3], n % 2 ? 5 : 0, 0);
		if (n % 20 == 19)
			good &= !set("security", n % 40 == 19 ? "shared" :
								 "domain");
	}
	set("security", "domain");
	for (i = 0; i < 3; i++) {
		good &= !to_domain(fd[i], 100 + i, 0);
		good &= mem_sum(fd[i], SIZE) == sum_of(1000000);
	}
	tap_ok(good, "domains change while all is merged");
	tap_ok(!set("run", "2") && VT_WAIT_FOR(!figure("pages_shared")),
	       "and comes apart");
	tap_ok(pass_makes(3 * CONTENTS), "and in the end each has its own frames");
	for (i = 0; i < 3; i++)
		close(fd[i]);
}

int main(void)
{
	vt_open();
	test_users();
	test_objects();
	test_vms();
	test_changes();
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("pages_shared") && !figure("frames_total")),
	       "nothing is left");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
