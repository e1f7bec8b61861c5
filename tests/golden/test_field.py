#!/usr/bin/env python3
"""docs/field.md: the verdicts that it quotes are those of the cases (their goldens); with UPDATE=1 they are rewritten. Each program
of fixtures/src/field has its place there."""
import re

import tap

ROW = re.compile(r'^(\| .* \| \[(\S+)\]\(\.\./fixtures/cases/(\S+)/why\.md\) \| )`(.*)` \|$', re.M)


def verdict(case):
    """The first line of a report, which goes on indented by two."""
    path = tap.CASES / case / 'expected.txt'
    first, *rest = path.read_text(encoding='utf-8').splitlines() if path.exists() else ['']
    lines = [first]
    for line in rest:
        if not line.startswith('  '):
            break
        lines.append(line.strip())
    return ' '.join(lines).replace('  ', ' ').replace('|', '\\|')


def main():
    path = tap.ROOT / 'docs/field.md'
    text = path.read_text(encoding='utf-8')
    if tap.UPDATE:
        text = ROW.sub(lambda row: f'{row[1]}`{verdict(row[3])}` |', text)
        path.write_text(text, encoding='utf-8')
    rows = ROW.findall(text)
    tap.check('it has rows with cases', None if len(rows) > 20 else f'{len(rows)}')
    tap.check('every row of a table has its case', '\n'.join(
        line for line in text.splitlines() if line.startswith('| ') and 'fixtures/cases' in line and not ROW.match(line)))
    for _, name, case, quoted in rows:
        now = verdict(case)
        tap.check(f'{case}: its verdict', None if now and (name, quoted) == (case, now) else f'its report says: {now}')
    programs = sorted(folder.name for folder in (tap.ROOT / 'fixtures/src/field').iterdir() if folder.is_dir())
    tap.check('each program of fixtures/src/field is named', ', '.join(name for name in programs if f'field/{name}' not in text))
    tap.finish()


main()
