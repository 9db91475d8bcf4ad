# SPDX-License-Identifier: GPL-2.0
NPT_ENGINE	:= npt/engine.c npt/leaves.c npt/format_npt.c npt/format_ept.c

SRC_npt_engine	:= $(NPT_ENGINE)
SRC_npt_engine_cases := $(NPT_ENGINE)
SRC_npt_dirty	:= $(NPT_ENGINE) npt/dirty.c
SRC_npt_slots	:= npt/slots.c
SRC_npt_walk	:= npt/walk.c
