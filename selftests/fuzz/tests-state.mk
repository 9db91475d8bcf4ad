# SPDX-License-Identifier: GPL-2.0
#
# Streams of saved state.
SRC_state_stream   := state/stream.c
COUNT_state_stream := 400000

$(BUILD)/state_%.o $(BUILD)/module/state/%.o: CPPFLAGS += -I../../uapi
