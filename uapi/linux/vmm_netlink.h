/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The generic-netlink interface of vmm: commands, attributes, events.
 *
 * Documentation/netlink/specs/vmm.yaml describes who takes and gives which,
 * Documentation/netlink.rst the rules.  Strings are closed by NUL.
 */
#ifndef _UAPI_LINUX_VMM_NETLINK_H
#define _UAPI_LINUX_VMM_NETLINK_H

#define VMM_NL_FAMILY_NAME	"vmm"
#define VMM_NL_FAMILY_VERSION	1

#define VMM_NL_GROUP_LIFE	"life"
#define VMM_NL_GROUP_LIMITS	"limits"
#define VMM_NL_GROUP_FAULTS	"faults"

enum vmm_nl_state {
	VMM_NL_STATE_NEW,	/* no vCPU has run */
	VMM_NL_STATE_RUNNING,
	VMM_NL_STATE_PAUSED,
	VMM_NL_STATE_DEAD,	/* killed; its files are still open */
};

enum vmm_nl_event {
	VMM_NL_EVENT_CREATED = 1,
	VMM_NL_EVENT_STARTED,
	VMM_NL_EVENT_PAUSED,
	VMM_NL_EVENT_RESUMED,
	VMM_NL_EVENT_STOP,		/* requested of the VM's process */
	VMM_NL_EVENT_RESET,		/* likewise */
	VMM_NL_EVENT_KILLED,
	VMM_NL_EVENT_CHANGED,		/* name, labels or limits */
	VMM_NL_EVENT_GONE,
	VMM_NL_EVENT_LIMIT_MEMORY,	/* a slot was refused */
	VMM_NL_EVENT_LIMIT_VCPUS,	/* a vCPU was refused */
	VMM_NL_EVENT_FAULT,		/* a vCPU stopped for good */
};

enum vmm_nl_attr {
	VMM_NL_A_PAD = 1,
	VMM_NL_A_VM_ID,			/* u32 */
	VMM_NL_A_NAME,			/* string */
	VMM_NL_A_NEW_NAME,		/* string */
	VMM_NL_A_STATE,			/* u32, enum vmm_nl_state */
	VMM_NL_A_OWNER,			/* u32, user id as the asker knows it */
	VMM_NL_A_BACKEND,		/* string */
	VMM_NL_A_VCPUS,			/* u32, vCPUs that there are */
	VMM_NL_A_MAX_VCPUS,		/* u32, that there may be */
	VMM_NL_A_MEMORY,		/* u64, bytes that slots cover */
	VMM_NL_A_MAX_MEMORY,		/* u64, that they may cover; 0: any */
	VMM_NL_A_RESIDENT,		/* u64, bytes of the objects in slots */
	VMM_NL_A_UPTIME_NS,		/* u64, since the VM was made */
	VMM_NL_A_PAUSED_NS,		/* u64, of that time paused */
	VMM_NL_A_REQUESTS,		/* u32, VMM_REQUEST_* not yet taken */
	VMM_NL_A_LABEL,			/* nest of vmm_nl_label_attr, several */
	VMM_NL_A_LIFE_SEQ,		/* u64, number of the last event */
	VMM_NL_A_LIMITS_SEQ,		/* u64 */
	VMM_NL_A_FAULTS_SEQ,		/* u64 */
	VMM_NL_A_VCPU_ID,		/* u32 */
	VMM_NL_A_MP_STATE,		/* u32, VMM_MP_* */
	VMM_NL_A_CPU,			/* u32, host processor, while running */
	VMM_NL_A_TID,			/* u32, thread as the asker knows it */
	VMM_NL_A_STOP_REASON,		/* u32, VMM_RUN_* */
	VMM_NL_A_STOP_TEXT,		/* string */
	VMM_NL_A_SLOT_ID,		/* u32 */
	VMM_NL_A_SLOT_FLAGS,		/* u32, VMM_SLOT_* */
	VMM_NL_A_GPA,			/* u64 */
	VMM_NL_A_SIZE,			/* u64 */
	VMM_NL_A_OFFSET,		/* u64, in the memory object */
	VMM_NL_A_STAT,			/* nest of vmm_nl_stat_attr, several */
	VMM_NL_A_EVENT,			/* u32, enum vmm_nl_event */
	VMM_NL_A_SEQ,			/* u64, of this VM and group */
	VMM_NL_A_TIME_NS,		/* u64, boot time */

	__VMM_NL_A_MAX,
	VMM_NL_A_MAX = __VMM_NL_A_MAX - 1
};

enum vmm_nl_label_attr {
	VMM_NL_A_LABEL_KEY = 1,		/* string */
	VMM_NL_A_LABEL_VALUE,		/* string; absent: remove the label */

	__VMM_NL_A_LABEL_MAX,
	VMM_NL_A_LABEL_MAX = __VMM_NL_A_LABEL_MAX - 1
};

enum vmm_nl_stat_attr {
	VMM_NL_A_STAT_PAD = 1,
	VMM_NL_A_STAT_NAME,		/* string */
	VMM_NL_A_STAT_VALUE,		/* u64 */

	__VMM_NL_A_STAT_MAX,
	VMM_NL_A_STAT_MAX = __VMM_NL_A_STAT_MAX - 1
};

enum vmm_nl_cmd {
	VMM_NL_CMD_VM_GET = 1,
	VMM_NL_CMD_VM_SET,
	VMM_NL_CMD_VM_PAUSE,
	VMM_NL_CMD_VM_RESUME,
	VMM_NL_CMD_VM_STOP,
	VMM_NL_CMD_VM_RESET,
	VMM_NL_CMD_VM_KILL,
	VMM_NL_CMD_VM_NMI,
	VMM_NL_CMD_VCPU_GET,
	VMM_NL_CMD_SLOT_GET,
	VMM_NL_CMD_STATS_GET,
	VMM_NL_CMD_EVENT,
	VMM_NL_CMD_KSM_GET,

	__VMM_NL_CMD_MAX,
	VMM_NL_CMD_MAX = __VMM_NL_CMD_MAX - 1
};

#endif
