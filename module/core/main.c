// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading; the processor's extension on every online processor.
 *
 * The extension is on wherever a processor is online, between load and
 * unload, except over suspend, reboot and kexec.  An entry loop that finds its
 * processor switched off (hotplug is taking it away) gives way.
 */
#define pr_fmt(fmt) "vmm: " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/module.h>
#include <linux/reboot.h>

#include "compat.h"
#include "core/backend_ops.h"
#include "core/emergency.h"
#include "core/main.h"
#include "core/vm.h"
#include "ctl/ctl.h"
#include "dev/dev.h"
#include "ksm/ksm.h"
#include "mem/mem.h"
#include "x86/x86.h"

/* The table stays one that can be held in mind: 32 operations at most. */
static_assert(offsetof(struct vmm_backend_ops, apic) -
	      offsetof(struct vmm_backend_ops, probe) <= 32 * sizeof(void *));

const struct vmm_backend_ops *vmm_backend;
struct vmm_backend_caps vmm_caps;
DEFINE_PER_CPU(bool, vmm_cpu_on);

static int hotplug_state;

static int enable_here(void)
{
	int err = vmm_backend->enable();

	if (err)
		pr_err("%s is in use on CPU %d: unload whatever holds it (kvm_amd, kvm_intel) and try again\n",
		       vmm_backend->name, smp_processor_id());
	else
		__this_cpu_write(vmm_cpu_on, true);
	return err;
}

static void disable_here(void *unused)
{
	if (!__this_cpu_read(vmm_cpu_on))
		return;
	__this_cpu_write(vmm_cpu_on, false);
	vmm_backend->disable();
}

static int host_online(unsigned int cpu)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = enable_here();
	local_irq_restore(flags);
	return err;
}

static int host_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	disable_here(NULL);
	local_irq_restore(flags);
	return 0;
}

/* The last processor; the others have gone through hotplug. */
static int vmm_suspend(void)
{
	vmm_vm_suspend_all();
	disable_here(NULL);
	return 0;
}

static void vmm_resume(void)
{
	enable_here();
	vmm_vm_resume_all();
}

VMM_DEFINE_SYSCORE(syscore, vmm_suspend, vmm_resume);

/* Before a reboot or kexec no processor may still have the extension on. */
static int reboot_notify(struct notifier_block *nb, unsigned long event,
			 void *unused)
{
	on_each_cpu(disable_here, NULL, 1);
	return NOTIFY_OK;
}

static struct notifier_block reboot_nb = {
	.notifier_call	= reboot_notify,
};

/* Runs on each processor when the host has crashed. */
static void emergency_disable(void)
{
	disable_here(NULL);
}

static int host_enable(void)
{
	int ret;

	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "vmm:online",
				host_online, host_offline);
	if (ret < 0)
		return ret;
	hotplug_state = ret;
	vmm_register_syscore(&syscore);
	register_reboot_notifier(&reboot_nb);
	vmm_emergency_start(emergency_disable);
	return 0;
}

static void host_disable(void)
{
	vmm_emergency_stop();
	unregister_reboot_notifier(&reboot_nb);
	vmm_unregister_syscore(&syscore);
	cpuhp_remove_state(hotplug_state);
}

static const struct vmm_backend_ops *const backends[] = {
	&svm_backend,
	&vmx_backend,
};

static int choose_backend(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(backends); i++) {
		err = backends[i]->probe(&vmm_caps);
		if (!err)
			vmm_backend = backends[i];
		if (err != -ENODEV)
			return err;
	}
	pr_err("this processor has no extension that this module knows (SVM, VMX)\n");
	return -EOPNOTSUPP;
}

static int __init vmm_init(void)
{
	int err;

	err = choose_backend();
	if (err)
		return err;
	vmm_caps.phys_bits = min_t(u8, boot_cpu_data.x86_phys_bits,
				   vmm_caps.npt_levels == 5 ? 52 : 48);
	err = vmm_x86_setup(vmm_caps.phys_bits);
	if (err)
		return err;
	err = vmm_mem_init(vmm_dev_mem_ioctl);
	if (err)
		return err;
	err = vksm_init();
	if (err)
		goto err_mem;
	err = vmm_backend->setup();
	if (err)
		goto err_ksm;
	err = host_enable();
	if (err)
		goto err_setup;
	err = vmm_ctl_init();
	if (err)
		goto err_enable;
	err = vmm_dev_register();
	if (err)
		goto err_ctl;
	pr_info("%s, guest-physical addresses of %u bits\n", vmm_backend->name,
		vmm_caps.phys_bits);
	return 0;

err_ctl:
	vmm_ctl_exit();
err_enable:
	host_disable();
err_setup:
	vmm_backend->teardown();
err_ksm:
	vksm_exit();
err_mem:
	vmm_mem_exit();
	return err;
}

static void __exit vmm_exit(void)
{
	vmm_dev_unregister();
	vmm_ctl_exit();
	host_disable();
	vmm_backend->teardown();
	vksm_exit();
	vmm_mem_exit();
}

module_init(vmm_init);
module_exit(vmm_exit);
MODULE_DESCRIPTION("A virtual machine monitor");
MODULE_LICENSE("GPL");
MODULE_VERSION(VMM_VERSION);
