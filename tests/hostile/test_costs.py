#!/usr/bin/env python3
"""Each kind of input that once took minutes or gigabytes is made here, and costs less than 5 s of CPU and 512 MB: a list that
names one goroutine over and over, threads and Ms by the ten thousand, pcs that differ in their upper halves alone, memory
segments in one another, an address space that code is said to fill, archives of archives."""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import dump_file
import elf_file
import go_words
import tap

CASE = 'amd64-panic' # its symbols say where to forge
MEASURE = '--measure'
SECONDS, MEGABYTES = 5, 512
SANITIZED = tap.BUILD.name in ('asan', 'tsan') # slower, larger: only that it ends is asked
FREE = 0x7e0000000000 # where the core has no memory
NT_PRSTATUS, PR_PID = 1, 32
REPEATED, THREADS, MACHINES, COLLIDING = 16_000_000, 128 << 10, 20_000, 200_000


def cost(name, *args, statuses=(0,)):
    """One run, and what it took; pages of the dump's own file that are in memory count too. A process that was forked begins
    with the memory of its parent, and this one's is large: a small one stands between."""
    done = subprocess.run([sys.executable, __file__, MEASURE, str(tap.TORNSTACK), *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, env=tap.environment_of(), check=True)
    status, seconds, megabytes = json.loads(done.stdout)
    print(f'# {name}: {seconds:.1f} s, {megabytes:.0f} MB')
    detail = None if status in statuses else f'status {status}: {done.stderr[:1000]}'
    if not detail and not SANITIZED and (seconds > SECONDS or megabytes > MEGABYTES):
        detail = f'{seconds:.1f} s, {megabytes:.0f} MB'
    tap.check(name, detail)


def measure(command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps([process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))


class Sound:
    """The case's core, and where things are in it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.exe = ['--exe', dump_file.unpacked(tap.CASES / CASE / 'exe.zst', folder)]
        path = dump_file.unpacked(tap.CASES / CASE / 'dump.zst', folder)
        self.elf = elf_file.Elf(path.read_bytes())
        report = tap.Run(path, *self.exe, '--json', '--goroutines=all').report
        self.goroutines = len(report['goroutines'])
        self.words = go_words.Words(self.elf, report, self.exe[1].read_bytes())

    def write(self, memory=(), notes=b'', words=()):
        """A core with these additions and these words of memory changed."""
        copy = elf_file.Elf(bytes(self.elf.data))
        for address, value in dict(words).items():
            copy.set_word(address, value)
        path = self.folder / 'grown'
        path.write_bytes(go_words.grown(bytes(copy.data), memory, notes))
        return path


def repeated_goroutine(sound):
    g = min(sound.words.g.values())
    path = sound.write({FREE: struct.pack('<Q', g) * REPEATED}, words=sound.words.listing(FREE, REPEATED))
    cost('one goroutine, 16 million times', path, *sound.exe)
    report = tap.Run(path, *sound.exe, '--json').report
    tap.check('one goroutine, 16 million times: it is one', None if report and report['goroutine_count'] == 1 else report)
    cost('one goroutine, 16 million times: JSON', path, *sound.exe, '--json', '--goroutines=all')


def g_of(sound, template, **fields):
    g = bytearray(template)
    for name, value in fields.items():
        struct.pack_into('<Q', g, sound.words.layout[f'g_{name}'], value & (1 << 64) - 1)
    return bytes(g)


def colliding_pcs(sound):
    """Goroutines whose pcs and creators differ in bits 40 to 63 alone."""
    size = sound.words.layout['g_size']
    sample = max(sound.words.g.values())
    template = sound.words.bytes_at(sample, size)
    stack = FREE + (1 << 36)
    gs = b''.join(g_of(sound, template, goid=1000 + i, sched_pc=(i << 40) | 0x47c0a1, gopc=(i << 40) | 0x47c0a1,
                       startpc=(i << 40) | 0x47c0a1, stack_lo=stack, stack_hi=stack + 2048, sched_sp=stack + 1024)
                  for i in range(COLLIDING))
    entries = FREE + (1 << 32)
    path = sound.write({FREE: gs, entries: b''.join(struct.pack('<Q', FREE + size * i) for i in range(COLLIDING)),
                        stack: bytes(4096)}, words=sound.words.listing(entries, COLLIDING))
    cost('200,000 pcs that differ in their upper bits', path, *sound.exe)
    report = tap.Run(path, *sound.exe, '--json').report
    listed = report and report['goroutine_count']
    tap.check('200,000 pcs that differ in their upper bits: all are listed', None if listed == COLLIDING else listed)
    cost('200,000 pcs that differ in their upper bits: JSON', path, *sound.exe, '--json', '--goroutines=all')


def prstatus_notes(elf):
    """The first NT_PRSTATUS of the core, as it is in its notes."""
    for kind, _, offset, _, _, size, _, _ in elf.programs:
        at = offset if kind == elf_file.PT_NOTE else offset + size
        while at < offset + size:
            name, desc, note = (elf.number(at + 4 * i, 4) for i in range(3))
            end = at + 12 + (name + 3 & ~3) + (desc + 3 & ~3)
            if note == NT_PRSTATUS:
                return bytes(elf.data[at:end]), 12 + (name + 3 & ~3)
            at = end
    raise AssertionError('no thread')


def threads_and_machines(sound):
    """Each M names a thread that is not there, so that it is looked for by all that it has."""
    layout = sound.words.layout
    note, start = prstatus_notes(sound.elf)
    notes = bytearray(note * THREADS)
    for i in range(THREADS):
        struct.pack_into('<I', notes, len(note) * i + start + PR_PID, 1_000_000 + i)
    m = next(m for m in (sound.words.at(g, 'g_m') for g in sound.words.g.values()) if m)
    size = layout['m_alllink'] + 8
    template = bytearray(sound.words.bytes_at(m, size))
    machines = bytearray()
    for i in range(MACHINES):
        struct.pack_into('<Q', template, layout['m_procid'], 5_000_000 + i)
        struct.pack_into('<Q', template, layout['m_alllink'], FREE + size * (i + 1) if i + 1 < MACHINES else 0)
        machines += template
    path = sound.write({FREE: bytes(machines)}, bytes(notes), {m + layout['m_alllink']: FREE})
    cost('131,072 threads and 20,000 Ms', path, *sound.exe)
    cost('131,072 threads and 20,000 Ms: JSON', path, *sound.exe, '--json')


def nested_segments(sound):
    """Each lies in the one before; all share the same bytes of the file."""
    path = sound.folder / 'nested'
    data = bytearray(sound.elf.data)
    headers = [list(program) for program in sound.elf.programs]
    for i in range(20_000):
        headers.append([elf_file.PT_LOAD, 6, 4096, FREE + 16 * i, 0, (1 << 20) - 32 * i, (1 << 20) - 32 * i, 1])
    struct.pack_into('<Q', data, 32, len(data))
    struct.pack_into('<H', data, 56, len(headers))
    path.write_bytes(bytes(data) + b''.join(struct.pack('<IIQQQQQQ', *header) for header in headers))
    cost('20,000 segments in one another', path, *sound.exe)
    report = tap.Run(path, *sound.exe, '--json', '--goroutines=all').report
    tap.check('20,000 segments in one another: the sound part is read', None if report and
              len(report['goroutines']) == sound.goroutines else report and len(report['goroutines']))


def main():
    with tempfile.TemporaryDirectory() as folder:
        sound = Sound(folder)
        for test in (repeated_goroutine, colliding_pcs, threads_and_machines, nested_segments):
            test(sound)
    tap.finish()


if sys.argv[1:2] == [MEASURE]:
    measure(sys.argv[2:])
else:
    main()
