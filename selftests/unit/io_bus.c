// SPDX-License-Identifier: GPL-2.0
/*
 * Buses: lookups against a plain list, overlaps, limits, failing allocations;
 * and doorbells.
 */
#include "kshim.h"
#include "io/bus.h"
#include "io/ioeventfd.h"
#include "tap.h"

#define NR	200

struct dev {
	struct vmm_bus_dev bus;
	u64 addr, len;
	bool present;
};

static struct vmm_bus bus;
static struct dev devs[NR];
static struct dev *called;
static u64 called_addr, called_val;
static unsigned int called_len;

static int dev_read(struct vmm_bus_dev *d, u64 addr, unsigned int len, u64 *val)
{
	called = container_of(d, struct dev, bus);
	called_addr = addr;
	called_len = len;
	*val = 0x55;
	return 0;
}

static int dev_write(struct vmm_bus_dev *d, u64 addr, unsigned int len, u64 val)
{
	called = container_of(d, struct dev, bus);
	called_addr = addr;
	called_len = len;
	called_val = val;
	return 0;
}

static const struct vmm_bus_dev_ops ops = { .read = dev_read, .write = dev_write };
static const struct vmm_bus_dev_ops read_only = { .read = dev_read };

static u64 rnd(void)
{
	static u64 s = 88172645463325252ULL;

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s;
}

/* Whom the list of devices says to be at @addr. */
static struct dev *at(u64 addr)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		if (devs[i].present && addr - devs[i].addr < devs[i].len)
			return &devs[i];
	}
	return NULL;
}

static bool overlaps(u64 addr, u64 len)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		if (devs[i].present && addr < devs[i].addr + devs[i].len &&
		    devs[i].addr < addr + len)
			return true;
	}
	return false;
}

static bool lookups_right(void)
{
	unsigned int i;
	u64 addr, val;

	for (i = 0; i < 50; i++) {
		addr = rnd() % 1100;
		called = NULL;
		if ((vmm_bus_read(&bus, addr, 4, &val) == 0) != !!at(addr) ||
		    called != at(addr))
			return false;
		if (called && (called_addr != addr || called_len != 4))
			return false;
	}
	return true;
}

static void test_random(void)
{
	unsigned int step, added = 0, refused = 0;
	bool good = true;

	vmm_bus_init(&bus);
	for (step = 0; good && step < 20000; step++) {
		struct dev *d = &devs[rnd() % NR];
		int want, got;

		if (d->present) {
			vmm_bus_unlink(&bus, &d->bus);
			d->present = false;
		} else {
			u64 addr = rnd() % 1000, len = 1 + rnd() % 8;

			d->bus.ops = &ops;
			want = overlaps(addr, len) ? -EEXIST : 0;
			got = vmm_bus_add(&bus, &d->bus, addr, len);
			good = got == want;
			d->addr = addr;
			d->len = len;
			d->present = !got;
			added += !got;
			refused += !!got;
		}
		good = good && lookups_right();
	}
	tap_ok(good && added > 1000 && refused > 1000,
	       "20000 random steps: %u added, %u refused", added, refused);
	vmm_bus_destroy(&bus);
	memset(devs, 0, sizeof(devs));
}

static void test_edges(void)
{
	static struct dev many[VMM_BUS_RANGES_MAX + 1];
	struct dev a = { .bus.ops = &ops }, b = { .bus.ops = &read_only };
	unsigned int i;
	u64 val;

	vmm_bus_init(&bus);
	tap_ok(vmm_bus_read(&bus, 0, 1, &val) == -EOPNOTSUPP, "empty bus");
	tap_ok(vmm_bus_add(&bus, &a.bus, 5, 0) == -EINVAL, "empty range");
	tap_ok(vmm_bus_add(&bus, &a.bus, ~0ULL, 2) == -EINVAL, "wrapping range");
	tap_ok(vmm_bus_add(&bus, &a.bus, ~0ULL - 3, 4) == 0, "last addresses");
	tap_ok(vmm_bus_add(&bus, &a.bus, 0, 1) == -EEXIST, "a device twice");
	tap_ok(vmm_bus_write(&bus, ~0ULL, 8, 7) == 0 && called_val == 7, "last one");
	tap_ok(vmm_bus_add(&bus, &b.bus, 0, 16) == 0, "from 0");
	tap_ok(vmm_bus_write(&bus, 3, 1, 7) == -EOPNOTSUPP, "no write operation");
	tap_ok(vmm_bus_read(&bus, 3, 1, &val) == 0 && val == 0x55, "but a read");
	kshim_allocs_left = 0;
	vmm_bus_del(&bus, &a.bus);
	tap_ok(vmm_bus_read(&bus, ~0ULL, 1, &val) == -EOPNOTSUPP,
	       "leaving needs no memory");
	tap_ok(vmm_bus_add(&bus, &a.bus, 100, 1) == -ENOMEM, "joining does");
	kshim_allocs_left = -1;
	vmm_bus_del(&bus, &a.bus);
	vmm_bus_del(&bus, &b.bus);

	for (i = 0; i < VMM_BUS_RANGES_MAX; i++) {
		many[i].bus.ops = &ops;
		if (vmm_bus_add(&bus, &many[i].bus, 2 * i, 1))
			break;
	}
	many[i].bus.ops = &ops;
	tap_ok(i == VMM_BUS_RANGES_MAX &&
	       vmm_bus_add(&bus, &many[i].bus, 2 * i, 1) == -ENOSPC, "full");
	vmm_bus_unlink(&bus, &many[3].bus);
	tap_ok(vmm_bus_add(&bus, &many[i].bus, 6, 1) == 0, "room again");
	vmm_bus_destroy(&bus);
	tap_ok(kshim_allocated == 0, "nothing left behind");
}

static u64 signals(int fd)
{
	u64 n = kshim_eventfd[fd].ctx.count;

	kshim_eventfd[fd].ctx.count = 0;
	return n;
}

static int bell(struct vmm_ioeventfds *set, bool add, int fd, u64 addr, u32 len,
		bool match, u64 data)
{
	struct vmm_ioeventfd_args args = {
		.addr = addr, .datamatch = data, .fd = fd, .len = len,
		.match = match,
	};

	return add ? vmm_ioeventfd_assign(set, &args) :
		     vmm_ioeventfd_deassign(set, &args);
}

static void test_doorbells(void)
{
	struct vmm_ioeventfds set;
	struct dev d = { .bus.ops = &ops };
	unsigned int i;

	for (i = 0; i < 3; i++)
		kshim_eventfd_open(i);
	vmm_bus_init(&bus);
	vmm_ioeventfds_init(&set, &bus);
	tap_ok(bell(&set, true, 9, 0, 4, false, 0) == -EBADF, "no eventfd");
	tap_ok(bell(&set, true, 0, 0, 3, false, 0) == -EINVAL, "width 3");
	tap_ok(bell(&set, true, 0, 0, 0, true, 0) == -EINVAL, "any width with a value");
	tap_ok(bell(&set, true, 0, 0, 1, true, 256) == -EINVAL, "value too wide");
	tap_ok(bell(&set, true, 0, 0, 1, false, 2) == -EINVAL, "value not asked for");
	tap_ok(bell(&set, true, 0, ~0ULL, 2, false, 0) == -EINVAL, "wrapping");

	tap_ok(bell(&set, true, 0, 0x50, 2, true, 0) == 0, "value 0");
	tap_ok(bell(&set, true, 1, 0x50, 2, true, 1) == 0, "value 1");
	tap_ok(bell(&set, true, 2, 0x50, 4, false, 0) == 0, "four bytes");
	tap_ok(bell(&set, true, 2, 0x50, 2, false, 0) == -EEXIST, "any value clashes");
	tap_ok(bell(&set, true, 2, 0x50, 0, false, 0) == -EEXIST, "any width clashes");
	tap_ok(bell(&set, true, 2, 0x50, 2, true, 1) == -EEXIST, "the same value");
	vmm_bus_write(&bus, 0x50, 2, 0);
	vmm_bus_write(&bus, 0x50, 2, 1);
	vmm_bus_write(&bus, 0x50, 2, 1);
	vmm_bus_write(&bus, 0x50, 4, 99);
	tap_ok(signals(0) == 1 && signals(1) == 2 && signals(2) == 1, "each its own");
	tap_ok(vmm_bus_write(&bus, 0x50, 2, 2) == -EOPNOTSUPP &&
	       vmm_bus_write(&bus, 0x50, 1, 0) == -EOPNOTSUPP &&
	       vmm_bus_write(&bus, 0x51, 2, 0) == -EOPNOTSUPP, "others go on");
	tap_ok(bell(&set, true, 0, 0x52, 0, false, 0) == 0, "any width");
	vmm_bus_write(&bus, 0x52, 8, 1);
	tap_ok(signals(0) == 1, "eight bytes");
	tap_ok(vmm_bus_add(&bus, &d.bus, 0x50, 1) == -EEXIST, "no device there");
	vmm_bus_add(&bus, &d.bus, 0x60, 4);
	tap_ok(bell(&set, true, 0, 0x61, 1, false, 0) == -EEXIST, "nor the other way");

	tap_ok(bell(&set, false, 0, 0x50, 2, true, 1) == -ENOENT, "not that one");
	tap_ok(bell(&set, false, 1, 0x50, 2, true, 1) == 0, "removed");
	tap_ok(vmm_bus_write(&bus, 0x50, 2, 1) == -EOPNOTSUPP, "silent");
	tap_ok(vmm_bus_write(&bus, 0x50, 2, 0) == 0, "its neighbour isn't");

	for (i = set.count; i < VMM_IOEVENTFDS_MAX; i++)
		bell(&set, true, 0, 0x1000 + i, 1, false, 0);
	tap_ok(bell(&set, true, 0, 0x9000, 1, false, 0) == -ENOSPC, "limit");
	vmm_ioeventfds_kill(&set);
	tap_ok(vmm_bus_write(&bus, 0x50, 2, 0) == -EOPNOTSUPP &&
	       bell(&set, true, 0, 0, 1, false, 0) == -ENODEV &&
	       bell(&set, false, 0, 0x50, 2, true, 0) == -ENOENT, "dead");
	vmm_ioeventfds_release(&set);
	vmm_bus_destroy(&bus);
	tap_ok(kshim_eventfd[0].ctx.refs == 1 && kshim_eventfd[1].ctx.refs == 1 &&
	       kshim_eventfd[2].ctx.refs == 1 && kshim_allocated == 0,
	       "nothing left behind");
	for (i = 0; i < 3; i++)
		kshim_eventfd_close(i);
}

int main(void)
{
	test_random();
	test_edges();
	test_doorbells();
	return tap_done();
}
