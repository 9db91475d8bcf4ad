/* SPDX-License-Identifier: GPL-2.0 */
/* Text in JSON: what must be escaped, and what is no text. */
#ifndef VMCTL_OUT_H
#define VMCTL_OUT_H

/** out_json_string() - @text quoted and escaped, on standard output */
void out_json_string(const char *text);

/** out_utf8_len() - bytes of the character that @text begins with; 0: none */
unsigned int out_utf8_len(const char *text);

/** out_tame() - makes of @text, which others have chosen, what cannot steer a terminal */
void out_tame(char *text);

#endif
