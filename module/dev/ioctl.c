// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl dispatcher.
 */
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core/gate.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "dev/dev.h"

static const struct vmm_cmd *find(const struct vmm_cmd *table, size_t count,
				  unsigned int cmd)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (table[i].cmd == cmd)
			return &table[i];
	return NULL;
}

/*
 * The vCPU is not free.  A pauser has it for a moment only, who holds the VM has it
 * for longer, and neither can while we have their lock: then it is another thread's.
 */
static noinline int own_contended(struct vmm_vcpu *vcpu)
{
	struct vmm_pause *pause = &vcpu->vm->pause;
	int err = mutex_lock_interruptible(&pause->lock);

	if (err)
		return err;
	if (!mutex_trylock(&vcpu->lock))
		err = -EBUSY;
	vmm_pause_unlock(pause);
	return err;
}

static inline int own(struct vmm_vcpu *vcpu)
{
	if (likely(mutex_trylock(&vcpu->lock))) {
		if (likely(!vcpu->held))
			return 0;
		mutex_unlock(&vcpu->lock);
	}
	return own_contended(vcpu);
}

static long call(const struct vmm_cmd *c, void *object, void *arg,
		 struct vmm_vm *vm, struct vmm_vcpu *vcpu)
{
	long ret;
	int err;

	if ((c->flags & VMM_CMD_ALIVE) && vmm_vm_is_dead(vm))
		return -ESHUTDOWN;
	if (!(c->flags & VMM_CMD_VCPU))
		return c->handler(object, arg);
	err = own(vcpu);
	if (unlikely(err))
		return err;
	ret = c->handler(object, arg);
	mutex_unlock(&vcpu->lock);
	vmm_vcpu_settle_pause(vcpu);
	return ret;
}

/*
 * Apart, since the kernel clears such a buffer on entry: the run command has no
 * argument and shall not pay for it.
 */
static noinline long call_with_arg(const struct vmm_cmd *c, void __user *user,
				   void *object, struct vmm_vm *vm,
				   struct vmm_vcpu *vcpu)
{
	u64 buf[VMM_CMD_ARG_MAX / sizeof(u64)];
	size_t size = _IOC_SIZE(c->cmd);
	long ret;

	if (WARN_ON_ONCE(size > sizeof(buf)))
		return -ENOTTY;
	if (_IOC_DIR(c->cmd) & _IOC_WRITE) {
		if (copy_from_user(buf, user, size))
			return -EFAULT;
		if (memchr_inv((char *)buf + c->zero, 0, size - c->zero))
			return -EINVAL;
	} else {
		memset(buf, 0, size);
	}

	ret = call(c, object, buf, vm, vcpu);

	/* Even a refusal may have something to tell, such as a count needed. */
	if ((_IOC_DIR(c->cmd) & _IOC_READ) && copy_to_user(user, buf, size))
		return ret < 0 ? ret : -EFAULT;
	return ret;
}

long vmm_ioctl(const struct vmm_cmd *table, size_t count, unsigned int cmd,
	       unsigned long arg, void *object, struct vmm_vm *vm,
	       struct vmm_vcpu *vcpu)
{
	const struct vmm_cmd *c = find(table, count, cmd);

	if (!c)
		return -ENOTTY;
	if (_IOC_DIR(cmd) != _IOC_NONE)
		return call_with_arg(c, (void __user *)arg, object, vm, vcpu);
	if (arg)
		return -EINVAL;
	return call(c, object, NULL, vm, vcpu);
}
