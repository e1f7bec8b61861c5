#!/usr/bin/env python3
"""The sample in README.md is what tornstack prints; with UPDATE=1 it is rewritten."""
import re

import tap

SECTIONS = ('What happened', 'Stack of goroutine', 'Do now')
SAMPLE = re.compile(r'(<!-- sample: (\S+) -->\n).*?(<!-- /sample -->)', re.S)


def sample(case):
    """The head of the report and some of its sections, as a block of Markdown code."""
    text = tap.Run(*tap.case_args(case), '--color=never').out.decode(errors='replace')
    sections = [section.splitlines() for section in text.strip('\n').split('\n\n')]
    kept, gap = list(sections[0]), False
    for section in sections[1:]:
        if section[0].startswith(SECTIONS):
            kept += (['', '…'] if gap else []) + [''] + section
        gap = not section[0].startswith(SECTIONS)
    return '\n' + '\n'.join(f'    {line}'.rstrip() for line in kept) + '\n\n'


def main():
    path = tap.ROOT / 'README.md'
    text = path.read_text(encoding='utf-8')
    now = SAMPLE.sub(lambda match: match.group(1) + sample(match.group(2)) + match.group(3), text)
    if tap.UPDATE:
        path.write_text(now, encoding='utf-8')
        text = now
    tap.check('README.md has a sample', None if SAMPLE.search(text) else 'none')
    tap.check('the sample is real output', None if text == now else 'it differs: UPDATE=1 rewrites it')
    tap.finish()


main()
