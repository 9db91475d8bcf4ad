# SPDX-License-Identifier: GPL-2.0
SRC_mem_tree	:= mem/tree.c mem/tree_away.c mem/tree_drop.c mem/tree_merged.c \
		   mem/tree_walk.c
SRC_mem_swap	:= mem/swap_map.c
SRC_mem_recent	:= mem/recent.c
SRC_mem_sum	:= mem/sum.c
SRC_mem_lines	:= mem/lines.c
