#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
htmlpage.py FILE TEXT...: a page of HTML whose elements are closed in their order, that has no script
and leads nowhere, and in whose text each TEXT is found.
"""
import sys
from html.parser import HTMLParser

VOID = {'meta'}
bad = 0


def complain(*words):
    global bad
    bad += 1
    print('#', *words)


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.tags = [], [], set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name in ('href', 'src') or name.startswith('on') or '//' in (value or ''):
                complain(tag, 'leads elsewhere:', name, value)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            complain(self.getpos(), 'the end of', tag, 'which is not open')

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ('style', 'title'):
            self.words.append(data)


if len(sys.argv) < 2:
    sys.exit(__doc__)
page = Page()
page.feed(open(sys.argv[1], encoding='utf-8').read())
page.close()
text = ' '.join(page.words)
if page.open:
    complain('not closed:', page.open)
if page.tags & {'script', 'link', 'img', 'iframe', 'object', 'embed'}:
    complain('elements that are none of ours:', page.tags)
for wanted in ('main', 'h1', 'table', 'svg', 'title'):
    if wanted not in page.tags:
        complain('no', wanted)
for wanted in sys.argv[2:]:
    if wanted not in text:
        complain('does not say', repr(wanted))
sys.exit(bad != 0)
