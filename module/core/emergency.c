// SPDX-License-Identifier: GPL-2.0
/*
 * Turning the extension off when the host has crashed: who has the slot.
 */
#include <linux/bits.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/string.h>

#include "compat.h"
#include "core/emergency.h"

static const char *const rival_names[] = { "kvm_amd", "kvm_intel" };

static DEFINE_MUTEX(emergency_lock);	/* protects the next two; innermost */
static unsigned long rivals;		/* that are there, by index */
static bool held;
static void (*turn_off)(void);		/* constant between start and stop */

/* Modules that are built in are in the kernel's set of them as well. */
static unsigned long rivals_present(void)
{
	unsigned long found = 0;
	struct kobject *rival;
	int i;

	for (i = 0; i < ARRAY_SIZE(rival_names); i++) {
		rival = kset_find_obj(THIS_MODULE->mkobj.kobj.kset,
				      rival_names[i]);
		if (rival)
			found |= BIT(i);
		kobject_put(rival);
	}
	return found;
}

static void hold(bool on)
{
	if (on && !held)
		cpu_emergency_register_virt_callback(turn_off);
	else if (!on && held)
		cpu_emergency_unregister_virt_callback(turn_off);
	held = on;
}

/* Called before a module's first and after its last instruction. */
static int module_notify(struct notifier_block *nb, unsigned long event,
			 void *data)
{
	const struct module *mod = data;
	int i = match_string(rival_names, ARRAY_SIZE(rival_names), mod->name);

	if (i < 0)
		return NOTIFY_OK;
	mutex_lock(&emergency_lock);
	if (event == MODULE_STATE_COMING)
		rivals |= BIT(i);
	else if (event == MODULE_STATE_GOING)
		rivals &= ~BIT(i);
	hold(!rivals);
	mutex_unlock(&emergency_lock);
	return NOTIFY_OK;
}

static struct notifier_block module_nb = {
	.notifier_call	= module_notify,
};

void vmm_emergency_start(void (*off)(void))
{
	turn_off = off;
	rivals = rivals_present();
	register_module_notifier(&module_nb);
	mutex_lock(&emergency_lock);
	/* One that came in between. */
	rivals |= rivals_present();
	hold(!rivals);
	mutex_unlock(&emergency_lock);
}

void vmm_emergency_stop(void)
{
	unregister_module_notifier(&module_nb);
	mutex_lock(&emergency_lock);
	hold(false);
	mutex_unlock(&emergency_lock);
}
