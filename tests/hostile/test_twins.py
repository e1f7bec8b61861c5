#!/usr/bin/env python3
"""Executables that are nearly the right one: the same file after strip (must change nothing), and the same program
linked separately with -s -w: with its data shifted (must be recognised as another program, and said so at once), and
with everything in the same place (may serve, and then must serve truly)."""
import pathlib
import subprocess
import tempfile

import dump_file
import tap

TORN = ('arm64-nonleaf-unwind', 'arm64-nonleaf-segv', 'arm64-leaf-unwind')
TWIN = pathlib.Path(__file__).with_name('twin.zst')
MAY_DIFFER = ('executable', 'stripped', 'build_id')


def report_with(case, executable, *args):
    return tap.Run(tap.CASES / case / 'dump.zst', '--exe', executable, *args)


def without_name(report):
    return dict(report, target={key: value for key, value in report['target'].items() if key not in MAY_DIFFER})


def first_difference(a, b, path='report'):
    if type(a) is not type(b):
        return f'{path}: {a} and {b}'
    if isinstance(a, dict):
        for key in sorted(set(a) | set(b)):
            found = first_difference(a.get(key), b.get(key), f'{path}.{key}')
            if found:
                return found
    elif isinstance(a, list):
        for i, (x, y) in enumerate(zip(a, b)):
            found = first_difference(x, y, f'{path}[{i}]')
            if found:
                return found
        if len(a) != len(b):
            return f'{path}: {len(a)} and {len(b)} items'
    elif a != b:
        return f'{path}: {a} and {b}'
    return None


def strip_changes_nothing(case, folder):
    whole = dump_file.unpacked(tap.CASES / case / 'exe.zst', folder)
    bare = pathlib.Path(folder) / 'stripped'
    subprocess.run(['aarch64-linux-gnu-strip', '-o', str(bare), str(whole)], check=True)
    first, second = (report_with(case, path, '--json', '--goroutines=all') for path in (whole, bare))
    detail = first.trouble(0) or second.trouble(0)
    if not detail and not second.report['target']['stripped']:
        detail = 'strip has not stripped'
    tap.check(f'{case}: the same after strip', detail or
              first_difference(without_name(first.report), without_name(second.report)))


def shifted_twin_is_another(case, folder):
    """twin.zst (make_twin.sh) has the same code as the case; its data lies elsewhere. Beside the dump is no executable."""
    name = f'{case} with a shifted twin'
    dump = dump_file.unpacked(tap.CASES / case / 'dump.zst', folder)
    done = tap.Run(dump, '--exe', TWIN, '--json')
    if not tap.check(f'{name}: analysed', done.trouble(0)):
        return
    target, verdict = done.report['target'], done.report['verdict']
    identity = target['executable_identity']
    tap.check(f'{name}: mismatch', None if identity == 'mismatch' else identity)
    sure = [finding['rule'] for finding in done.report['findings'] if finding['certainty'] != 'possible']
    tap.check(f'{name}: possible at best', ', '.join(sure) or
              (verdict['certainty'] if verdict['certainty'] in ('certain', 'likely') else None))
    tap.check(f'{name}: the first note', None if says_mismatch(done.report['notes'][:1]) else done.report['notes'])
    text = tap.Run(dump, '--exe', TWIN, '--color=never').out.decode(errors='replace')
    head = text.split('What happened')[0].splitlines()[:3]
    tap.check(f'{name}: said at the top', None if says_mismatch(head) else '\n'.join(head))


def says_mismatch(lines):
    text = ' '.join(lines).lower()
    return 'executable' in text and ('not the one' in text or 'another' in text or 'mismatch' in text)


def equal_twin_serves(case, executable_of):
    """Linked separately, all at the same addresses: equivalent, or refused; never wrong."""
    done = report_with(case, tap.CASES / executable_of / 'exe.zst', '--json', '--goroutines=all')
    detail = done.trouble(0)
    if not detail:
        identity = done.report['target']['executable_identity']
        detail = tap.wrong_certain(done.report, tap.expectation(case)) or (
            None if identity in ('equivalent', 'mismatch') else f'identity is {identity}')
    tap.check(f'{case} with the executable of {executable_of}', detail)


def main():
    for case in TORN:
        with tempfile.TemporaryDirectory() as folder:
            strip_changes_nothing(case, folder)
        equal_twin_serves(case, f'{case}-stripped')
        equal_twin_serves(f'{case}-stripped', case)
    for case in ('arm64-nonleaf-unwind', 'arm64-nonleaf-unwind-stripped'):
        with tempfile.TemporaryDirectory() as folder:
            shifted_twin_is_another(case, folder)
    tap.finish()


main()
