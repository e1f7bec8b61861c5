#!/usr/bin/env python3
"""The frames of C programs, thread by thread, against those that eu-stack finds in the same core.

usage: tests/live/c_stacks.py [--cpu "amd64 arm64"] [--build "WORD…"] [--end "WORD…"] [--folder build/c-stacks]

fixtures/src/c_stacks is built in many ways, with and without tables and frame pointers, and dies in many; the kernel writes
the core, or qemu-aarch64. A check is one core: every thread has the pcs that eu-stack prints, first to last (not counting
its guesses where no code is). Where they differ, gdb is asked as well, and the frames must be one of these:
- gdb's;
- eu-stack's up to where it gave up, and lead on to the thread's first function;
- gdb's as far as that leads, and eu-stack's from there: without tables, eu-stack takes the link register of arm64 for a return
  address, which it is no longer in the middle of a function;
- eu-stack's with the interrupted pc, as the handler printed it: behind qemu's signal frames eu-stack misses it;
- where there are neither tables nor records (bare), some of those that eu-stack guesses.
Whose account it is, is counted. Prints TAP; what differs is kept in the folder. Needs elfutils, gdb, gcc; for arm64
gcc-aarch64-linux-gnu, qemu-aarch64, gdb-multiarch.
"""
import argparse
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import elf_file
import tap
from live import matrix

SOURCE = tap.ROOT / 'fixtures/src/c_stacks/stacks.c'
SECONDS, GDB_CPU_SECONDS, GDB_SECONDS = 60, 4, 600
PT_LOAD, PF_X, E_TYPE, ET_DYN = 1, 1, 16, 3
NO_TABLES = '-fno-asynchronous-unwind-tables -fno-unwind-tables'
BUILDS = {
    'plain': '-O2', 'unoptimised': '-O0', 'pointers': '-O2 -fno-omit-frame-pointer',
    'pointers-only': f'-O1 {NO_TABLES} -fno-omit-frame-pointer', 'bare': f'-O2 {NO_TABLES} -fomit-frame-pointer',
    'debug-frame': f'-O2 -g {NO_TABLES}',
    'no-pie': '-O2 -no-pie', 'static': '-O2 -static', 'static-pie': '-O2 -static-pie', 'stripped': '-O2 -s',
    'static-stripped': '-O1 -static -s', 'static-pointers-only': f'-O1 -static {NO_TABLES} -fno-omit-frame-pointer',
    'static-unoptimised': '-O0 -static', 'static-bare': f'-O2 -static {NO_TABLES} -fomit-frame-pointer',
}
ENDS = ('deep vla alloca qsort abort assert noreturn tail longjmp handler own-stack faulted threads call-zero atexit').split()
GDB = """
import gdb
gdb.execute('set backtrace past-main on')
gdb.execute('set backtrace past-entry on')
for thread in gdb.selected_inferior().threads():
    thread.switch()
    print('TID %d:' % thread.ptid[1])
    frame, left = gdb.newest_frame(), 300 # it may go round in circles
    while frame is not None and left:
        left -= 1
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            print('#0 0x%x %s' % (frame.pc(), frame.name()), flush=True)
        try:
            frame = frame.older()
        except gdb.error:
            break
"""


class Trouble(Exception):
    """No core."""


def build(cpu, flags, program):
    compiler = 'gcc' if cpu.name == 'amd64' else cpu.compiler
    subprocess.run([compiler, *flags.split(), '-Wno-infinite-recursion', '-pthread', SOURCE, '-o', program], check=True)


def dump(cpu, program, end, folder):
    """A core of `program end` in that folder, and the pc at which a signal interrupted it, or None."""
    runner = [] if cpu.machine == 'x86_64' else [cpu.emulator]
    done = subprocess.run(['prlimit', '--core=unlimited', 'env', '-i', *runner, program, end], cwd=folder, timeout=SECONDS,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    cores = sorted(folder.glob('qemu_*.core' if runner else 'core*'))
    if len(cores) != 1:
        raise Trouble(f'{len(cores)} cores')
    said = re.search(rb'interrupted (0x[0-9a-f]+)', done.stdout)
    return cores[0], said and int(said[1], 16)


def code(core):
    """The executable mappings of a core, as (first, end)."""
    return [(address, address + size) for kind, flags, _, address, _, _, size, _ in elf_file.Elf(core.read_bytes()).programs
            if kind == PT_LOAD and flags & PF_X]


def plausible(pcs, mappings):
    """Up to the first pc, but that of the thread itself, which is in no code: a guess that went wrong."""
    at = next((at for at, pc in enumerate(pcs) if at and not any(first <= pc < end for first, end in mappings)), len(pcs))
    return pcs[:at]


def threads_of(text):
    """{tid: [pc]} of lines `TID n:` and `#n 0x… name`."""
    threads, pcs = {}, []
    for line in text.splitlines():
        if found := re.match(r'TID (\d+):', line):
            pcs = threads.setdefault(int(found[1]), [])
        elif found := re.match(r'#\d+\s+(0x[0-9a-f]+)', line):
            pcs.append(int(found[1], 16))
    return threads


def eu_stack(core, program):
    done = subprocess.run(['eu-stack', '-n', '0', f'--core={core}', '-e', program], capture_output=True, text=True,
                          timeout=SECONDS, check=False)
    return threads_of(done.stdout)


def gdb(cpu, core, program):
    debugger = 'gdb' if cpu.machine == 'x86_64' else 'gdb-multiarch'
    # gdb does not see where qemu has put a static PIE: lowest of all.
    place = min(address for kind, _, _, address, *_ in elf_file.Elf(core.read_bytes()).programs if kind == PT_LOAD)
    moved = cpu.machine != 'x86_64' and elf_file.Elf(program.read_bytes()).number(E_TYPE, 2) == ET_DYN
    symbols = [f'symbol-file -o {place:#x} {program}'] if moved else []
    with tempfile.NamedTemporaryFile('w', suffix='.py') as script:
        script.write(GDB)
        script.flush()
        commands = [word for command in [f'core-file {core}', *symbols, f'source {script.name}'] for word in ('-ex', command)]
        # It does not come out of signal frames of qemu: what it has printed by then counts. Of CPU, since on a busy machine seconds
        # by the clock end before its first frame, and what only gdb attests would pass for a mistake of tornstack.
        text = subprocess.run(['prlimit', '--core=0', f'--cpu={GDB_CPU_SECONDS}', debugger, '-nx', '-batch', program, *commands],
                              capture_output=True, timeout=GDB_SECONDS, check=False).stdout
    return threads_of(text.decode())


def tornstack(core, program):
    """({tid: [pc]}, {tid: how the walk ended})"""
    done = tap.Run(core, '--exe', program, '--json')
    trouble = done.trouble(0)
    if trouble:
        raise Trouble(trouble)
    threads = done.report['threads']
    pcs = {thread['id']: [int(frame['pc'], 16) for frame in thread['frames'] if not frame['inlined']] for thread in threads}
    return pcs, {thread['id']: thread['end'] for thread in threads}


def alike_but_for(ours, theirs, at):
    rest = ours[at + 1:]
    return ours[:at] == theirs[:at] and theirs[-len(rest):] == rest and len(theirs) in (len(ours) - 1, len(ours))


def account(ours, end, theirs, debugger, interrupted, bare):
    """Whose account the frames of a thread are, or None."""
    if ours == theirs:
        return 'eu-stack'
    if ours == debugger:
        return 'gdb'
    if ours[:len(theirs)] == theirs and end == 'complete':
        return 'beyond eu-stack'
    if interrupted in ours[1:] and alike_but_for(ours, theirs, ours.index(interrupted, 1)):
        return 'eu-stack and the handler'
    rest = iter(theirs)
    if bare and all(pc in rest for pc in ours):
        return 'eu-stack, which guesses more'
    attested = next((at for at in range(len(ours)) if theirs[-len(ours[at:]):] == ours[at:]), len(ours))
    return 'gdb, then eu-stack' if debugger and ours[:len(debugger)] == debugger and len(debugger) >= attested else None


def shown(pcs):
    return ' '.join(f'{pc:#x}' for pc in pcs)


def judge(cpu, program, end, folder, bare, counts):
    core, interrupted = dump(cpu, program, end, folder)
    ours, ends = tornstack(core, program)
    mappings, debugger, found = code(core), None, []
    theirs = {tid: plausible(pcs, mappings) for tid, pcs in eu_stack(core, program).items()}
    if set(ours) != set(theirs):
        return f'threads {sorted(ours)} instead of {sorted(theirs)}'
    for tid, pcs in ours.items():
        if pcs != theirs[tid] and debugger is None:
            debugger = {number: plausible(frames, mappings) for number, frames in gdb(cpu, core, program).items()}
        whose = account(pcs, ends[tid], theirs[tid], (debugger or {}).get(tid), interrupted, bare)
        counts[whose] += 1
        if not whose:
            found.append(f'thread {tid} ends {ends[tid]}\n  tornstack {shown(pcs)}\n  eu-stack  {shown(theirs[tid])}\n  gdb       '
                         f'{shown(debugger.get(tid, []))}')
    return '\n'.join(found)


def check(cpu, name, ends, keep, counts):
    place = keep / f'{cpu.name}-{name}'
    place.mkdir(parents=True, exist_ok=True)
    program = place / 'stacks'
    build(cpu, BUILDS[name], program)
    for end in ends:
        with tempfile.TemporaryDirectory(dir=place) as folder:
            try:
                detail = judge(cpu, program, end, pathlib.Path(folder), 'bare' in name, counts)
            except (Trouble, subprocess.TimeoutExpired) as trouble:
                detail = str(trouble)
            if not tap.check(f'{cpu.name} {name} {end}', detail):
                shutil.rmtree(place / end, ignore_errors=True)
                shutil.copytree(folder, place / end)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cpu', type=str.split, default=['amd64', 'arm64'])
    parser.add_argument('--build', type=str.split, default=list(BUILDS))
    parser.add_argument('--end', type=str.split, default=ENDS)
    parser.add_argument('--folder', type=pathlib.Path, default=tap.ROOT / 'build/c-stacks')
    options = parser.parse_args()
    counts = collections.Counter()
    for name in options.cpu:
        cpu = matrix.CPUS[name]
        for build_name in options.build:
            # Of dynamic programs eu-stack would take the libraries of this machine, which are another CPU's.
            if name == 'amd64' or 'static' in build_name:
                check(cpu, build_name, options.end, options.folder.resolve(), counts)
    print('# stacks as of ' + ', '.join(f'{whose or "nobody"}: {count}' for whose, count in sorted(counts.items(), key=str)))
    tap.finish()


if __name__ == '__main__':
    main()
