#!/usr/bin/env python3
"""What is named on the command line: executables and dumps in any order, several dumps, folders, words that are misspelt, help."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import tap

CASE = 'amd64-panic'
OTHER = 'amd64-bus'
RULE = 'go-panic'


def unpacked(folder, case, name):
    path = folder / name
    subprocess.run(['zstd', '-dqf', str(tap.CASES / case / f'{name}.zst'), '-o', str(path)], check=True)
    return path


def orders(exe, core):
    """As gdb, coredumpctl (`EXE -c CORE`) and habit have it: the same report."""
    expected = tap.Run(core, '--exe', exe)
    tap.check('one dump', expected.trouble(0))
    for name, args in (('EXE CORE', (exe, core)), ('CORE EXE', (core, exe)), ('EXE -c CORE', (exe, '-c', core)),
                       ('-c CORE EXE', ('-c', core, exe)), ('--core=CORE EXE', (f'--core={core}', exe)),
                       ('analyze EXE CORE', ('analyze', exe, core)),
                       # coredumpctl debug --debugger=tornstack --debugger-arguments=--color=never (systemd: coredumpctl.c, run_debug)
                       ('OPTION EXE -c CORE', ('--color=never', exe, '-c', core))):
        run = tap.Run(*args)
        tap.check(name, run.trouble(0) or (run.out != expected.out and 'the report differs'))
    listed = [tap.Run(core, '--exe', exe, '--json', *option).out for option in ([], ['--goroutines=groups'], ['--goroutines=all'])]
    tap.check('groups are the default', listed[0] != listed[1] and 'the report differs')
    tap.check('all is more', listed[0] == listed[2] and 'it is not')
    tap.check('goroutines EXE CORE', tap.Run('goroutines', exe, core).trouble(0))
    alone = tap.Run(exe)
    tap.check('an executable alone is no dump', alone.trouble(1) or ('executable' not in alone.err and alone.err))
    tap.check('executables alone', tap.Run(exe, exe).trouble(2))
    tap.check('goroutines of two dumps', tap.Run('goroutines', core, core).trouble(2))
    for form in '--traceback', '--markdown':
        tap.check(f'{form} of two dumps', tap.Run(form, core, core).trouble(2))
    run = tap.Run('--brief', core, core, exe)
    tap.check('--brief of two dumps', run.trouble(0) or (run.out.decode().count(RULE) != 2 and run.out))


def several(exe, core, folder):
    """A line each, in the order given; one that cannot be read ends none of the others."""
    cut = folder / 'cut'
    cut.write_bytes(core.read_bytes()[:100])
    quiet = tap.Run('-q', core, exe)
    run = tap.Run(core, cut, folder / 'none', core, exe)
    verdict = quiet.out.decode().replace('\n', '')
    lines = run.out.decode().splitlines()
    tap.check('status of several', run.status != 1 and run.status)
    tap.check('a line each', len(lines) != 4 and lines)
    for index, path, tail in ((0, core, verdict), (1, cut, 'not analysed (cut-short)'), (2, folder / 'none', 'not analysed (io)'),
                              (3, core, verdict)):
        tap.check(f'line {index + 1}', None if lines[index].startswith(f'{path}: ') and
                  lines[index].split() == f'{path}: {tail}'.split() else lines[index])
    tap.check('why is told', None if 'No such file' in run.err else run.err)
    run = tap.Run('--json', core, cut, exe)
    reports = [json.loads(line) for line in run.out.decode().splitlines()]
    one = tap.Run('--json', core, exe)
    tap.check('JSON: a line each', None if len(reports) == 2 and reports[0] == one.report else 'the report differs')
    tap.check('JSON: the error', None if reports[1]['error']['code'] == 'cut-short' else reports[1])
    tap.check('two sound ones', tap.Run(core, core, exe).trouble(0))
    refused = tap.Run(core, cut, '-o', cut)
    tap.check('-o does not replace one of them', refused.trouble(1) or (cut.stat().st_size != 100 and 'it is gone'))


def folders(folder):
    """Dumps, executables and other files: dumps get lines, executables are used, others are counted."""
    inner = folder / 'dumps'
    (inner / 'deeper').mkdir(parents=True)
    for name in ('exe', 'core'):
        shutil.move(folder / name, inner / name)
    (inner / 'notes.txt').write_text('nothing crashed here\n')
    (inner / '.hidden').write_text('panic: not to be read\n\ngoroutine 1 [running]:\n')
    os.mkfifo(inner / 'pipe')
    run = tap.Run(inner)
    tap.check('a folder', run.trouble(0))
    tap.check('a folder: its dump', None if run.out.decode().count('\n') == 1 and RULE in run.out.decode() else run.out)
    tap.check('a folder: what is no dump', None if '1 other file: ' in run.err else run.err)
    shutil.copy(tap.CASES / OTHER / 'dump.zst', inner / 'another.zst')
    lines = tap.Run('--exit-code', inner).out.decode().splitlines()
    tap.check('a folder of two, by name', None if len(lines) == 2 and 'another.zst' in lines[0] else lines)
    for form in (), ('--json',):
        empty = tap.Run(inner / 'deeper', *form)
        tap.check(f'an empty folder {form}', empty.trouble(1) or (empty.status != 1 and empty.status))


def misspelt():
    for args, meant in ((('--jsn', 'x'), '--json'), (('--verbos1', 'x'), '--verbose'), (('scan', '--sarf', 'x'), '--sarif'),
                        (('goroutines', '--stat=running', 'x'), None), (('goroutines', '--sttae=running', 'x'), '--state'),
                        (('--trige', 'x'), None)):
        run = tap.Run(*args)
        said = f'Did you mean: {meant}' in run.err if meant else 'Did you mean' not in run.err
        tap.check(f'{" ".join(args)}', None if said and run.status in ((2,) if meant else (1, 2)) else run.err)


def helped():
    page = (pathlib.Path(__file__).parents[2] / 'docs/dumps.md').read_bytes()
    tap.check('help dumps prints the page', tap.Run('help', 'dumps').out != page and 'it differs')
    for command in ('analyze', 'goroutines', 'scan', 'explain'):
        tap.check(f'help {command}', tap.Run('help', command).out != tap.Run(command, '--help').out and 'it differs')
    tap.check('help', tap.Run('help').out != tap.Run('--help').out and 'it differs')
    tap.check('help of nothing known', tap.Run('help', 'nothing').trouble(2))
    tap.check('help of two', tap.Run('help', 'scan', 'dumps').trouble(2))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        exe, core = unpacked(folder, CASE, 'exe'), unpacked(folder, CASE, 'dump').rename(folder / 'core')
        orders(exe, core)
        several(exe, core, folder)
        folders(folder)
    misspelt()
    helped()
    tap.finish()


if __name__ == '__main__':
    main()
