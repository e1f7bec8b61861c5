#!/usr/bin/env python3
"""Executables that are not what ran, beside those that are: the right one is used, and said; a wrong one alone is told, with why,
and nothing rests on it; what was not found is said with where it was looked for."""
import pathlib
import shutil
import tempfile

import dump_file
import tap

# A case, and another whose executable is wrong for it.
PAIRS = (('amd64-panic', 'amd64-quit'), ('amd64-panic-stripped', 'amd64-quit-stripped'), ('amd64-cgo', 'amd64-panic'),
         ('arm64-nonleaf-unwind', 'arm64-asm-frame'), ('windows-amd64-panic', 'windows-amd64-late-crash'))
MEMORY = 'amd64-memory'
WINDOWS = 'windows-amd64-panic'


def exe(case):
    return (tap.CASES / case / 'exe.zst').resolve()


def alone(case, folder):
    """The dump in a folder where no executable is."""
    place = pathlib.Path(folder) / f'{case} alone'
    place.mkdir(exist_ok=True)
    shutil.copy(tap.case_dump(case), place / 'core.zst')
    return place / 'core.zst'


def wrong_alone(case, other, folder):
    done = tap.Run(alone(case, folder), '--json', '--exe', exe(other), '--sysroot', folder)
    detail = done.trouble(0)
    if tap.check(f'{case} with the executable of {other}', detail):
        target = done.report['target']
        tap.check(f'{case}: mismatch, and why', None if target['executable_identity'] == 'mismatch' and
                  target.get('executable_doubt') and target['executable_doubt'] in done.report['notes'][0] else
                  f'{target} {done.report["notes"][:1]}')
        sure = [one['rule'] for one in done.report['findings'] if one['certainty'] != 'possible']
        tap.check(f'{case}: nothing rests on it', ', '.join(sure))


def right_beside(case, other, folder):
    """The dump's folder has the right one."""
    place = pathlib.Path(folder) / case
    place.mkdir()
    dump = place / 'core.zst'
    shutil.copy(tap.case_dump(case), dump)
    shutil.copy(exe(case), place / 'exe.zst')
    done = tap.Run(dump, '--json', '--exe', exe(other), '--sysroot', folder)
    whole = tap.Run(dump, '--json', '--exe', exe(case), '--sysroot', folder)
    if not tap.check(f'{case} with a wrong executable beside the right one', done.trouble(0) or whole.trouble(0)):
        return
    target = done.report['target']
    tap.check(f'{case}: the right one is used', None if target['executable_source'] == 'found' and
              target['executable_identity'] == whole.report['target']['executable_identity'] else f'{target}')
    tap.check(f'{case}: said first', None if 'is not used' in done.report['notes'][0] and 'given with --exe' in
              done.report['notes'][0] and str(place / 'exe.zst') in done.report['notes'][0] else f'{done.report["notes"]}')
    tap.check(f'{case}: the same verdict', None if done.report['verdict'] == whole.report['verdict'] else
              f'{done.report["verdict"]}')


def memory_is_better(folder):
    """A dump that has code and tables itself needs no wrong executable."""
    dump = alone(MEMORY, folder)
    done = tap.Run(dump, '--json', '--exe', exe('amd64-panic'), '--sysroot', folder)
    bare = tap.Run(dump, '--json', '--sysroot', folder)
    if tap.check('a wrong executable for a dump with code and tables', done.trouble(0) or bare.trouble(0)):
        tap.check('the dump itself is used', None if done.report['target'] == bare.report['target'] and
                  done.report['verdict'] == bare.report['verdict'] else f'{done.report["target"]}')
        tap.check('said first', None if 'is not used' in done.report['notes'][0] else f'{done.report["notes"]}')


def not_found(folder):
    dump = dump_file.unpacked(tap.CASES / 'amd64-panic' / 'dump.zst', folder)
    done = tap.Run(dump, '--json', '--sysroot', '/nowhere', '--symbols', folder)
    if tap.check('no executable', done.trouble(0)):
        said = ' '.join(done.report['notes'])
        for part in ('It was looked for at', '/nowhere/', f'{folder}/exe', f'{folder}/.build-id/'):
            tap.check(f'looked for: {part.replace(str(folder), "FOLDER")}', None if part in said else said)


def no_debuginfod_for_windows(folder):
    """What names a PE file's build is a PDB's GUID; debuginfod knows ELF files."""
    done = tap.Run(alone(WINDOWS, folder), '--json', '--sysroot', folder,
                   environment={'DEBUGINFOD_URLS': 'http://127.0.0.1:1/'}.items())
    if tap.check('Windows with DEBUGINFOD_URLS', done.trouble(0)):
        tap.check('debuginfod is neither asked nor advised', None if 'debuginfod' not in ' '.join(done.report['notes'])
                  else f'{done.report["notes"]}')


def main():
    with tempfile.TemporaryDirectory() as folder:
        for case, other in PAIRS:
            wrong_alone(case, other, folder)
            right_beside(case, other, folder)
        memory_is_better(folder)
    for test in (not_found, no_debuginfod_for_windows):
        with tempfile.TemporaryDirectory() as folder:
            test(folder)
    tap.finish()


main()
