/* SPDX-License-Identifier: GPL-2.0 */
/* The commands, for the table in main.c. */
#ifndef VMCTL_CMDS_H
#define VMCTL_CMDS_H

#include "cmd.h"

extern const struct command cmd_complete, cmd_console, cmd_create, cmd_destroy,
			    cmd_doctor, cmd_dump, cmd_events, cmd_exits,
			    cmd_fork, cmd_help, cmd_info, cmd_inject, cmd_kill,
			    cmd_ksm, cmd_list, cmd_logs, cmd_pause, cmd_reclaim,
			    cmd_regs, cmd_reset, cmd_resume, cmd_rollback,
			    cmd_run, cmd_sched, cmd_set, cmd_show, cmd_snap,
			    cmd_start, cmd_stats, cmd_stop, cmd_swap, cmd_top,
			    cmd_version, cmd_wait;

/* Those of snap. */
extern const struct command cmd_snap_create, cmd_snap_export, cmd_snap_import,
			    cmd_snap_list, cmd_snap_merge, cmd_snap_rm,
			    cmd_snap_show, cmd_snap_verify;

/* Those of ksm. */
extern const struct command cmd_ksm_analyze, cmd_ksm_hashes, cmd_ksm_map,
			    cmd_ksm_pairs, cmd_ksm_report, cmd_ksm_scan,
			    cmd_ksm_set, cmd_ksm_status;

#endif
