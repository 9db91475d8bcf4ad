# SPDX-License-Identifier: GPL-2.0
SRC_ksm_hash	:= ksm/hash.c
SRC_ksm_index	:= ksm/index.c
SRC_ksm_engine	:= ksm/hash.c ksm/index.c ksm/engine.c ksm/policy.c
SRC_ksm_policy	:= ksm/policy.c ksm/hash.c
SRC_ksm_tally	:= ksm/tally.c ksm/tally_pairs.c
