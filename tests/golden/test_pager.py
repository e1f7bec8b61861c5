#!/usr/bin/env python3
"""A report that is longer than the terminal goes through a pager; nothing else does."""
import os
import pathlib
import re
import sys
import tempfile

import pexpect

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

CASE = tap.case_args('amd64-circle')


def shown(rows, *args, **environment):
    """What a terminal of so many rows shows, and the exit status. A slow run shows its progress, and wipes it away."""
    variables = tap.environment_of(TERM='xterm', **environment)
    for name in ('PAGER', 'TORNSTACK_PAGER', 'LESS'):
        if name not in environment:
            variables.pop(name, None)
    terminal = pexpect.spawn(str(tap.TORNSTACK), [*map(str, args)], env=variables, dimensions=(rows, 100), timeout=tap.TIMEOUT)
    text = terminal.read()
    terminal.close()
    return re.sub(rb'[^\n]*\r', b'', text.replace(b'\r\n', b'\n')), terminal.exitstatus


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as name:
        said = pathlib.Path(name) / 'said'
        marks = f'sed "s/^/[/" ; echo "LESS=$LESS" >{said}'
        whole = tap.Run(*CASE, '--color=never').out
        paged = b''.join(b'[' + line for line in whole.splitlines(True))
        rows = whole.count(b'\n')

        def check(what, expected, *args, **environment):
            text, status = shown(*args, **environment)
            tap.check(what, (text, status) != (expected, 0) and f'{status}\n{text[:500]}')

        check('longer than the terminal', paged, 10, *CASE, '--color=never', PAGER=marks)
        tap.check('what less is told', said.read_text() != 'LESS=FRX\n' and said.read_text())
        check('as long as it', paged, rows, *CASE, '--color=never', PAGER=marks)
        check('shorter', whole, rows + 1, *CASE, '--color=never', PAGER=marks)
        check('TORNSTACK_PAGER comes first', paged, 10, *CASE, '--color=never', PAGER='false', TORNSTACK_PAGER=marks)
        check('LESS stays', paged, 10, *CASE, '--color=never', PAGER=marks, LESS='S')
        tap.check('and is handed on', said.read_text() != 'LESS=S\n' and said.read_text())
        for environment in ({'PAGER': 'cat'}, {'PAGER': ''}, {'TORNSTACK_PAGER': '', 'PAGER': marks}):
            check(f'{environment}: none', whole, 10, *CASE, '--color=never', **environment)
        check('--pager=never', whole, 10, *CASE, '--color=never', '--pager=never', PAGER=marks)
        text, status = shown(10, *CASE, PAGER='head -n 1')
        tap.check('one that is left early', (status, text.count(b'\n')) != (0, 1) and f'{status}\n{text}')
        text, status = shown(10, *CASE, PAGER='no-such-pager-here')
        tap.check('one that is not there', (status != 1 or b'--pager=never' not in text) and f'{status}\n{text}')
        text, status = shown(10, *CASE, PAGER='sleep 1; cat', TORNSTACK_PAGER='wc -l')
        tap.check('all of it', text.split() != [str(rows).encode()] and text)
        run = tap.Run(*CASE, environment={'PAGER': marks, 'TERM': 'xterm'})
        tap.check('no terminal, no pager', run.out != whole and 'it differs')
        text, status = shown(10, 'help', 'dumps', PAGER=marks)
        tap.check('help dumps', not text.startswith(b'[') and text[:100])
        text, status = shown(10, '/dev/null', PAGER=marks)
        tap.check('an error has none', (status != 1 or b'[' in text) and text)
    tap.finish()


main()
