// SPDX-License-Identifier: GPL-2.0
/* Whose pages go first when the host has no memory. */
#include <stdint.h>

#include "mem/pressure.h"
#include "tap.h"

#define GIB_PAGES	(1ULL << 18)

static uint64_t price(uint64_t pages, unsigned int shares, unsigned int active)
{
	return vmm_policy_price(pages, shares, active, 75);
}

int main(void)
{
	unsigned int tax;

	tap_ok(price(2000, 1000, 500) > price(1000, 1000, 500),
	       "of two with equal shares the one that has more");
	tap_ok(price(1000, 1000, 500) > price(1000, 3000, 500),
	       "of two that have as much the one with fewer shares");
	tap_ok(price(3000, 3000, 500) == price(1000, 1000, 500),
	       "memory in proportion to shares costs the same");
	tap_ok(price(1000, 1000, 0) == price(4000, 1000, 1000),
	       "at 75 %% an idle page counts as four");
	tap_ok(vmm_policy_price(1000, 1000, 0, 0) ==
	       vmm_policy_price(1000, 1000, 1000, 0),
	       "at 0 %% as one");
	tap_ok(price(1000, 2000, 100) > price(1000, 1000, 1000),
	       "twice the shares do not save who leaves nine tenths idle");
	for (tax = 0; tax < 99; tax++) {
		if (vmm_policy_price(1 << 20, 1000, 250, tax) >=
		    vmm_policy_price(1 << 20, 1000, 250, tax + 1))
			break;
	}
	tap_ok(tax == 99, "more tax costs more (%u)", tax);
	tap_ok(price(1024 * GIB_PAGES, 1, 0) >
	       price(1023 * GIB_PAGES, 1, 0) &&
	       vmm_policy_price(1024 * GIB_PAGES, 1, 0, 99) >
	       vmm_policy_price(512 * GIB_PAGES, 1, 0, 99),
	       "a TiB of one share does not overflow");
	tap_ok(price(1, 1000000, 1000) < price(1001, 1000000, 1000) &&
	       price(GIB_PAGES, 1000000, 1000), "nor vanish many shares");
	return tap_done();
}
