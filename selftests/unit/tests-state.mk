# SPDX-License-Identifier: GPL-2.0
#
# Streams of saved state.
SRC_state_stream := state/stream.c

$(BUILD)/state_%.o $(BUILD)/module/state/%.o: CPPFLAGS += -I../../uapi
