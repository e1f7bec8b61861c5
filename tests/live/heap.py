#!/usr/bin/env python3
"""Holds what golang/heap says of addresses against what fixtures/src/heap knows of them itself, built with releases of Go
for both CPUs and ended with a real core: heap.py HEAP_AT [RELEASE…]."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from live import matrix, process

BUILD = HERE.parents[1] / 'fixtures/src/build.sh'
RELEASES = ('1.18.10', '1.21.13', '1.24.13', '1.27.4')
CPUS = ('amd64', 'arm64')
NOTED = 24  # the first minor whose heap notes types; 1.22 and 1.23 do too, unless built without


def objects(told, known):
    """Whether an object is what the program asked for: where it starts, at least as large, of the kind, of the type."""
    size = known['size'] + told['header']
    return (told['kind'] == 'object' and told['start'] + told['header'] == known['address'] and
            size <= told['size'] <= size * 1.25 + 8192 * (size > 32768) + 16 and told['state'] == 'allocated')


def agrees(known, told):
    """Whether what tornstack tells of an address is what the program knows of it."""
    kind = known['kind']
    inside = told['start'] <= known['address'] < told['start'] + told['size']
    if kind in ('scan', 'noscan'):
        return objects(told, known) and told['scan'] == kind and (not known['type'] or told['type'] == known['type'])
    if kind == 'finalized':
        return objects(told, known) and 'finalizer' in told['specials']
    if kind == 'inside':
        return told['kind'] == 'object' and told['start'] + told['header'] == int(known['more'], 16) and inside
    if kind == 'stack':
        return told['kind'] == 'stack' and inside
    if kind == 'unused':
        return told['kind'] == 'unused'
    return told['kind'] == 'outside'


def read_known(text, minor):
    for line in text.splitlines():
        kind, address, size, *more = line.split()
        more = more[0] if more else ''
        yield {'kind': kind, 'address': int(address, 16), 'size': int(size), 'more': more,
               'type': more if more.startswith('main.') and minor >= NOTED else ''}


def read_told(text):
    for line in text.splitlines():
        kind, start, size, state, _, scan, header, kind_of, *specials = line.split(' ')
        yield {'kind': kind, 'start': int(start, 16), 'size': int(size), 'state': state, 'scan': scan,
               'header': int(header), 'type': kind_of, 'specials': ' '.join(specials)}


def compare(heap_at, exe, core, printed, minor):
    """A sentence for each address that is judged wrongly."""
    known = list(read_known(printed, minor))
    result = subprocess.run([heap_at, exe, core], input='\n'.join(hex(k['address']) for k in known), text=True,
                            capture_output=True, check=False)
    told = list(read_told(result.stdout))
    if result.returncode or len(told) != len(known):
        return [f'heap_at: status {result.returncode}, {len(told)} of {len(known)} answers: {result.stderr}']
    freed = [t for k, t in zip(known, told) if k['kind'] == 'freed']
    wrong = [f'{k}: {t}' for k, t in zip(known, told) if k['kind'] != 'freed' and not agrees(k, t)]
    # their pages may have been used for others since, few of the places for objects of just that size
    still = [k for k, t in zip(known, told) if k['kind'] == 'freed' and objects(t, k)]
    if len(still) > len(freed) * 0.3:
        wrong.append(f'{len(still)} of {len(freed)} objects that were freed are told to be allocated')
    return wrong


def crash_one(release, cpu, folder):
    """The executable, its core, and what it printed."""
    exe = folder / 'heap'
    status, output = process.run([BUILD, 'heap', release, cpu, exe], 600)
    if status:
        raise process.Failure(output)
    command = [str(exe)] if cpu == 'amd64' else [matrix.CPUS[cpu].emulator, str(exe)]
    script = 'ulimit -c unlimited; exec env -i GOTRACEBACK=crash "$@" 2>/dev/null'
    _, printed = process.run(['sh', '-c', script, 'sh', *command], 120, cwd=folder)
    cores = sorted(folder.glob('*core*'), key=lambda path: (not path.name.startswith('qemu'), path.name))
    return exe, cores[0] if cores else None, printed


def check(heap_at, release, cpu):
    with tempfile.TemporaryDirectory() as name:
        exe, core, printed = crash_one(release, cpu, pathlib.Path(name))
        if not core:
            return ['no core was written']
        return compare(heap_at, exe, core, printed, int(release.split('.')[1]))


def main():
    heap_at = shutil.which(sys.argv[1])
    failed = 0
    for release in sys.argv[2:] or RELEASES:
        for cpu in CPUS:
            wrong = check(heap_at, release, cpu)
            failed += bool(wrong)
            print(f'{"not ok" if wrong else "ok"} heap go{release} {cpu}', *wrong, sep='\n# ')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
