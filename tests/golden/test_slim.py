#!/usr/bin/env python3
"""`tornstack slim`: a slim dump gives the report of the dump that it was made from. Of a sample of the cases; with HOSTILE=full
(`make check-slim`) of all, and damaged in many places."""
import os
import pathlib
import re
import resource
import stat
import subprocess
import tempfile

import tap

# One of each kind: system, CPU, with and without executable, a core whose memory holds code and tables, cut short, deadlock, leak,
# what is found by a search of all memory.
SAMPLE = ['amd64-again-readers', 'amd64-c-callback', 'amd64-circle', 'amd64-deadlock', 'amd64-heap-kept', 'amd64-hoard',
          'arm64-nonleaf-unwind-stripped', 'arm64-tag-sync', 'windows-amd64-panic', 'windows-arm64-torn']

# What of a report is of the file, not of the process. Nothing else may differ.
ALLOWED = ('input',)

REPORTS = (['--json', '--goroutines=all', '-v'], ['-v'], [], ['--traceback'], ['--markdown'], ['--brief'],
           ['--html'], ['--format=folded'], ['--format=pprof'])


def cases():
    folders = [folder.name for folder in sorted(tap.CASES.iterdir())]
    return folders if tap.FULL else [case for case in folders if case in SAMPLE] or folders[:8]


def is_log(args):
    run = tap.Run(*args, '--json')
    return run.report is not None and run.report['input']['format'] == 'log'


def without_input(run):
    if run.report is None:
        return shown(run.out)
    return {key: value for key, value in run.report.items() if key not in ALLOWED}


def differences(args, folder, reports):
    """Makes a slim dump in the place of the dump, since where that lies is in reports too, and compares what is said of both."""
    before = [tap.Run(*args, *options) for options in reports]
    run = tap.Run('slim', *args, '--unredacted', '-o', folder / 'slim.zst')
    trouble = run.trouble(0)
    if trouble:
        return trouble
    args[0].unlink()
    (folder / 'slim.zst').rename(args[0])
    for options, old in zip(reports, before):
        new = tap.Run(*args, *options)
        trouble = old.trouble(0) or new.trouble(0) or different(without_input(old), without_input(new))
        if trouble:
            return f'{" ".join(options) or "text"}: {trouble}'
    return None


def different(left, right):
    if left == right:
        return None
    if isinstance(left, dict):
        return 'these parts differ: ' + ', '.join(key for key in left if left[key] != right.get(key))
    return '\n'.join(f'- {a}\n+ {b}' for a, b in zip(left, right) if a != b)[:2000] or 'one has more lines'


def shown(text):
    """Lines of a text, without the sizes of the file."""
    return re.sub(r'\(?zstd[^,)]*', '', text.decode(errors='replace')).splitlines()


def pc_of(frame):
    """Text that was taken for an address is shown as other text: as none here."""
    pc = int(frame['pc'], 16) if frame['pc'] else 0
    text = pc.to_bytes(8, 'little').rstrip(bytes(1))
    return frame['pc'] if len(text) < 7 or not all(0x20 <= byte < 0x7f for byte in text) else 'text'


def without_secrets(report):
    """What redaction leaves as it was: who did what where, and why. Texts and values in words may lose their letters."""
    def frames(stacks):
        return [[(frame['function'], frame['line'], pc_of(frame), frame['sp']) for frame in stack['frames']] for stack in stacks]
    return {'verdict': [report['verdict'][key] for key in ('rule', 'certainty', 'finding')],
            'findings': [(finding['rule'], finding['certainty'], finding['goroutine'], finding['function'], finding['explained_by'])
                         for finding in report['findings']],
            'goroutines': [(goroutine['id'], goroutine['status'], goroutine['wait_reason']) for goroutine in report['goroutines']],
            'stacks': frames(report['goroutines']), 'fingerprint': report['fingerprint']}


def redacted(args, folder):
    """The same for a redacted one."""
    before = tap.Run(*args, '--json', '--goroutines=all')
    run = tap.Run('slim', *args, '-o', folder / 'slim.zst')
    trouble = before.trouble(0) or run.trouble(0)
    if trouble:
        return trouble
    args[0].unlink()
    (folder / 'slim.zst').rename(args[0])
    after = tap.Run(*args, '--json', '--goroutines=all')
    return after.trouble(0) or different(without_secrets(before.report), without_secrets(after.report))


def with_tables(args, folder):
    """The same of a redacted one that needs no executable. One of which it is not known whether it ran is not put in."""
    before = tap.Run(*args, '--json', '--goroutines=all')
    if before.report and before.report['target']['executable_identity'] not in ('same', 'equivalent'):
        return None
    run = tap.Run('slim', *args, '--with-tables', '-o', folder / 'slim.zst')
    (folder / 'alone').mkdir(exist_ok=True) # where no executable lies
    slim = (folder / 'slim.zst').rename(folder / 'alone/slim.zst')
    after = tap.Run(slim, '--json', '--goroutines=all')
    return before.trouble(0) or run.trouble(0) or after.trouble(0) or different(
        without_secrets(before.report), without_secrets(after.report))


def check_case(case, folder):
    args = tap.case_args(case)
    if is_log(args):
        tap.check(f'{case}: its text', redacted(moved(args, folder), folder))
        return
    tap.check(f'{case}: with its executable', differences(moved(args, folder), folder, REPORTS))
    tap.check(f'{case}: redacted', redacted(moved(args, folder), folder))
    if without_exe(args) != args:
        tap.check(f'{case}: with tables, without its executable', with_tables(moved(args, folder), folder))
        reports = REPORTS if tap.FULL else REPORTS[:1]
        tap.check(f'{case}: without', differences(moved(without_exe(args), folder), folder, reports))


def moved(args, folder):
    """The dump by the same name in a folder where nothing else lies."""
    dump = folder / args[0].name
    dump.unlink(missing_ok=True)
    dump.symlink_to(args[0])
    return [dump, *args[1:]]


def without_exe(args):
    args = list(args)
    if '--exe' in args:
        at = args.index('--exe')
        del args[at:at + 2]
    return args


def check_file(folder):
    """Plain output, its mode, where it cannot be written, and what is refused."""
    args = tap.case_args(SAMPLE[1])
    slim, again = folder / 'slim', folder / 'again'
    tap.check('plain', tap.Run('slim', *args, '--unredacted', '-o', slim).trouble(0) or different(
        *(without_input(tap.Run(dump, *args[1:], '--json', '--goroutines=all')) for dump in (args[0], slim))))
    tap.check('it is its owner\'s alone', stat.S_IMODE(slim.stat().st_mode) != 0o600 and oct(slim.stat().st_mode))
    run = tap.Run('slim', *args, '--unredacted')
    tap.check('to standard output', run.trouble(0) or (run.out != slim.read_bytes() and 'other bytes'))
    tap.check('one thread and five', tap.Run('slim', *args, '--unredacted', '-j5', '-o', again).trouble(0) or
              (again.read_bytes() != slim.read_bytes() and 'other bytes'))
    run = tap.Run('slim', slim, '-o', again)
    tap.check('a slim dump is not made slim again', run.trouble(1) or ('slim already' not in run.err and run.err))
    listed = tap.Run('slim', *args, '--list')
    tap.check('what remains is listed', listed.trouble(0) or (b'code addresses' not in listed.out and listed.out.decode()))
    tap.check('it is no report', tap.Run('slim', *args, '--json').trouble(2))
    done = subprocess.run([str(tap.TORNSTACK), 'slim', *map(str, args), '-o', str(folder / 'none')], capture_output=True,
                          check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000)))
    tap.check('a full disk leaves nothing behind', (done.returncode != 1 or list(folder.glob('none*'))) and str(done))
    return slim


def broken(slim, folder):
    """Cut short, and with a byte changed, in the record above all."""
    whole = slim.read_bytes()
    copy = folder / 'broken'
    steps = 400 if tap.FULL else 12
    places = [len(whole) * i // steps for i in range(1, steps)]
    record = whole.find(b'tornslim')
    for at in places + [record + i * 4 + 8 for i in range(steps * 2)]:
        for name, changed in (('cut', whole[:at]), ('flip', whole[:at] + bytes([whole[at] ^ 0xff]) + whole[at + 1:])):
            copy.write_bytes(changed)
            trouble = tap.Run(copy, '--json').trouble(0, 1)
            if trouble:
                tap.check(f'damaged: {name} at {at}', trouble)
                return
    tap.check('damaged slim dumps give a report or an error')


def cut_dumps(folder):
    """Slim dumps of dumps that are cut short."""
    args = tap.case_args('amd64-circle')
    whole = subprocess.run(['zstd', '-dcq', str(args[0])], capture_output=True, check=True).stdout
    steps = 40 if tap.FULL else 3
    for i in range(1, steps):
        cut = folder / 'cut'
        cut.write_bytes(whole[:len(whole) * i // steps + 13])
        given = [cut, *args[1:]]
        trouble = tap.Run(*given).status != 1 and differences(given, folder, [['--json', '--goroutines=all']])
        if trouble:
            tap.check(f'cut after {i}/{steps}', trouble)
            return
    tap.check('dumps that are cut short')


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as name:
        folder = pathlib.Path(name)
        part, first = tap.part_of(cases())
        for case in part:
            check_case(case, folder)
        if first:
            slim = check_file(folder)
            broken(slim, folder)
            cut_dumps(folder)
    tap.finish()


main()
