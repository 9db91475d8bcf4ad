// SPDX-License-Identifier: GPL-2.0
/*
 * Start and end of the control side.
 */
#include "core/control.h"
#include "ctl/ctl.h"
#include "ctl/debugfs.h"
#include "ctl/netlink.h"
#include "ctl/sysfs.h"

static const struct vmm_watch_ops watch_ops = {
	.vm_add	= vmm_sysfs_add,
	.vm_del	= vmm_sysfs_del,
	.notice	= vmm_nl_event,
};

int vmm_ctl_init(void)
{
	int err;

	vmm_control_watch(&watch_ops);
	err = vmm_sysfs_init();
	if (err)
		return err;
	err = vmm_netlink_init();
	if (err)
		vmm_sysfs_exit();
	else
		vmm_debugfs_init();
	return err;
}

void vmm_ctl_exit(void)
{
	vmm_debugfs_exit();
	vmm_netlink_exit();
	vmm_sysfs_exit();
}
