// SPDX-License-Identifier: GPL-2.0
/*
 * The guest that has the memory of side_vmm.c: it writes to pages, so that they are its own and it
 * has them mapped, and this program has not.  What it runs on itself takes no part.
 */
#include <dirent.h>
#include <err.h>
#include "vmmtest.h"
#include "side_guest.h"

#define LOW	(256 * VT_PAGE)
#define AREAS	0x1000000UL		/* where they begin */
#define TOP	0xc0000000UL
#define BLOCK	0x200000UL

/* Writes what is there to ECX pages from EBX. */
VT_BLOB(touch,
	"1: lock orl $0, (%ebx)\n"
	"add $0x1000, %ebx\n"
	"loop 1b\n"
	"out %al, $0x80\n"
	"hlt");

static struct vt guest;
static uint64_t next;

/* The one VM that there is. */
static void keep_out(void)
{
	DIR *dir = opendir("/sys/kernel/vmm/vms");
	struct dirent *entry;
	char path[300] = "";
	int fd;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			snprintf(path, sizeof(path), "/sys/kernel/vmm/vms/%s/ksm/enable",
				 entry->d_name);
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		err(1, "%s", path);
	close(fd);
	if (dir)
		closedir(dir);
}

void side_guest_make(void)
{
	vt_open();
	vt_make(&guest, 1, LOW);
	VT_LOAD(&guest, touch);
	next = AREAS;
	/* All that it needs is there. */
	side_guest_write(LOW / 2, 1);
	keep_out();
}

void side_guest_free(void)
{
	vt_free(&guest);
}

uint64_t side_guest_add(unsigned int i, int fd, size_t bytes)
{
	uint64_t gpa = next;

	next += (bytes + BLOCK - 1) / BLOCK * BLOCK;
	if (next > TOP)
		errx(1, "more memory than the guest can address");
	if (vt_set_slot(guest.vm, 1 + i, gpa, bytes, fd, 0, 0))
		err(1, "a slot");
	return gpa;
}

void side_guest_write(uint64_t gpa, unsigned long pages)
{
	struct vmm_regs regs;

	vt_start(&guest, 0, VT_CODE);
	if (ioctl(guest.cpu[0], VMM_VCPU_GET_REGS, &regs))
		err(1, "registers");
	regs.rbx = gpa;
	regs.rcx = pages;
	if (ioctl(guest.cpu[0], VMM_VCPU_SET_REGS, &regs))
		err(1, "registers");
	if (!vt_wrote_port(&guest, 0, 0x80))
		errx(1, "the guest has failed");
}
