#!/usr/bin/env python3
"""Each kind of input that once took minutes or gigabytes is made here, and costs less than 5 s of CPU and 512 MB: a list that
names one goroutine over and over, threads and Ms by the ten thousand, pcs that differ in their upper halves alone, memory
segments in one another, segments by the hundred thousand, notes by the million, modules that share one table, stacks that share
their frames, an executable whose segments and relocations claim the same bytes, zeros without end."""
import gzip
import lzma
import struct
import tempfile

import dump_file
import elf_file
import tap
from costs import FREE, Sound, cost, with_programs

CASE = 'amd64-panic' # its symbols say where to forge
SEARCHED = 'amd64-stuck' # its memory is searched for who has an address
NT_PRSTATUS, PR_PID = 1, 32
REPEATED, THREADS, MACHINES, COLLIDING = 16_000_000, 128 << 10, 20_000, 200_000
SEGMENTS, NOTES, MODULES, STACKS, CLAIMS, RELOCATIONS = 200_000, 2_000_000, 1023, 20_000, 4000, 400_000
ZEROS = 64 << 30
GIVEN_UP = 'given up before the end'
MODULEDATA = 1024 # bytes that are more than it has


def repeated_goroutine(sound):
    g = min(sound.words.g.values())
    path = sound.write({FREE: struct.pack('<Q', g) * REPEATED}, words=sound.words.listing(FREE, REPEATED))
    cost('one goroutine, 16 million times', path, *sound.exe)
    report = tap.Run(path, *sound.exe, '--json').report
    tap.check('one goroutine, 16 million times: it is one', None if report and report['goroutine_count'] == 1 else report)
    cost('one goroutine, 16 million times: JSON', path, *sound.exe, '--json', '--goroutines=all')


def colliding_pcs(sound):
    """Goroutines whose pcs and creators differ in bits 40 to 63 alone."""
    size = sound.words.layout['g_size']
    sample = max(sound.words.g.values())
    template = sound.words.bytes_at(sample, size)
    stack = FREE + (1 << 36)
    gs = b''.join(sound.g(template, goid=1000 + i, sched_pc=(i << 40) | 0x47c0a1, gopc=(i << 40) | 0x47c0a1,
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
    path.write_bytes(with_programs(sound.elf.data, [(elf_file.PT_LOAD, 6, 4096, FREE + 16 * i, 0, (1 << 20) - 32 * i,
                                                     (1 << 20) - 32 * i, 1) for i in range(20_000)]))
    cost('20,000 segments in one another', path, *sound.exe)
    report = tap.Run(path, *sound.exe, '--json', '--goroutines=all').report
    tap.check('20,000 segments in one another: the sound part is read', None if report and
              len(report['goroutines']) == sound.goroutines else report and len(report['goroutines']))


def headline(report):
    """Of the verdict. Memory that the segments promise and the dump lacks is told as well, with what would have kept it."""
    return [report['verdict'][part] for part in ('rule', 'certainty', 'headline', 'narrative')]


def many_segments(sound):
    """Writable memory in the smallest pieces, which is searched."""
    folder = sound.folder / SEARCHED
    folder.mkdir()
    exe = ['--exe', dump_file.unpacked(tap.CASES / SEARCHED / 'exe.zst', folder)]
    dump = dump_file.unpacked(tap.CASES / SEARCHED / 'dump.zst', folder)
    verdict = headline(tap.Run(dump, *exe, '--json').report)
    dump.write_bytes(with_programs(dump.read_bytes(), [(elf_file.PT_LOAD, 6, 4096, FREE + 4096 * i, 0, 64, 4096, 1)
                                                       for i in range(SEGMENTS)]))
    cost('200,000 segments that are searched', dump, *exe)
    report = tap.Run(dump, *exe, '--json').report
    tap.check('200,000 segments that are searched: the verdict stays', None if report and headline(report) == verdict else report and report['verdict'])


def many_notes(sound):
    """Threads of no bytes, each of which is said to have too few."""
    path = sound.write(notes=(struct.pack('<III', 5, 0, NT_PRSTATUS) + b'CORE\0\0\0\0') * NOTES)
    cost('2,000,000 notes', path, *sound.exe)


def modules(sound, apart):
    """A list of modules that share one table of functions, whose names are as long as they can be, and one code or none."""
    words = sound.words
    first = words.symbols['runtime.firstmoduledata']
    template = words.bytes_at(first, MODULEDATA)
    table = struct.unpack_from('<Q', template)[0]
    exe = elf_file.Elf(sound.exe[1].read_bytes())
    at = exe.offset(table)
    names, end = (int.from_bytes(exe.data[at + 32 + 8 * i:at + 40 + 8 * i], 'little') for i in (0, 1))
    last, length = struct.unpack_from('<QQ', template, 8 * 13) # pclntable, its last part
    copy = bytearray(exe.data[at:at + last + length - table])
    copy[names:end] = ((b'\0' + b'a' * 65000) * ((end - names) // 65001 + 1))[:end - names]
    data, tables = FREE + (1 << 41), FREE + (1 << 40)
    memory = bytearray()
    for i in range(MODULES):
        module = bytearray(template)
        for word in (0, 1, 4, 7, 10, 13, 16):
            struct.pack_into('<Q', module, 8 * word, struct.unpack_from('<Q', template, 8 * word)[0] - table + tables)
        for word in (20, 21, 22, 23) if apart else (): # minpc, maxpc, text, etext
            struct.pack_into('<Q', module, 8 * word, struct.unpack_from('<Q', template, 8 * word)[0] + (i + 1 << 28))
        for word in range(32, 96):
            struct.pack_into('<Q', module, 8 * word, tables + 72 + 4 * word)
        struct.pack_into('<Q', module, words.layout['moduledata_next'], data + MODULEDATA * (i + 1) if i + 1 < MODULES else 0)
        memory += module
    path = sound.write({data: bytes(memory), tables: bytes(copy)}, words={first + words.layout['moduledata_next']: data})
    name = '1,023 modules of one table' + (', each with code of its own' if apart else '')
    cost(name, path, *sound.exe)
    report = tap.Run(path, *sound.exe, '--json').report
    verdict = report and report['findings'][report['verdict']['finding']]['rule']
    tap.check(f'{name}: what is sound is told', None if verdict == 'go-panic' else verdict)


def shared_stacks(sound):
    """20,000 goroutines on one stack of a million frames."""
    words = sound.words
    size = words.layout['g_size']
    template = words.bytes_at(words.g[sorted(words.g)[1]], size)
    stack, (pc,) = FREE + (1 << 36), struct.unpack_from('<Q', template, words.layout['g_sched_pc'])
    gs = b''.join(sound.g(template, goid=1000 + i, sched_g=FREE + size * i, stack_lo=stack, stack_hi=stack + (1 << 24),
                       sched_sp=stack + 64) for i in range(STACKS))
    entries = FREE + (1 << 32)
    path = sound.write({FREE: gs, entries: struct.pack(f'<{STACKS}Q', *range(FREE, FREE + size * STACKS, size)),
                        stack: struct.pack('<Q', pc) * (1 << 21)}, words=words.listing(entries, STACKS))
    cost('20,000 goroutines on one deep stack', path, *sound.exe)
    report = tap.Run(path, *sound.exe, '--json').report
    notes = report and [note for note in report['notes'] if GIVEN_UP in note]
    sure = report and [finding['rule'] for finding in report['findings'] if finding['certainty'] != 'possible']
    tap.check('20,000 goroutines on one deep stack: that it was given up is said', None if notes else report and report['notes'])
    tap.check('20,000 goroutines on one deep stack: nothing is surer than possible', None if sure == [] else sure)
    one = cost('20,000 goroutines on one deep stack: JSON', path, *sound.exe, '--json', '--goroutines=all', '--jobs=1').out
    two = tap.Run(path, *sound.exe, '--json', '--goroutines=all', '--jobs=2').out
    tap.check('20,000 goroutines on one deep stack: told alike by any number of threads', None if one and one == two else 'not so')


def claiming_executable(sound):
    """Each of 4,000 segments claims the whole file, and each of 400,000 relocations changes one of them."""
    data = bytearray(sound.exe[1].read_bytes())
    at, size, count, index = (int.from_bytes(data[o:o + n], 'little') for o, n in ((40, 8), (58, 2), (60, 2), (62, 2)))
    sections = [list(struct.unpack_from('<IIQQQQIIQQ', data, at + size * i)) for i in range(count)]
    names = bytes(data[sections[index][4]:sections[index][4] + sections[index][5]])
    start = len(data)
    data += b''.join(struct.pack('<QQQ', 0x900000000 + 8 * i, 8, 1) for i in range(RELOCATIONS))
    sections.append([len(names), 4, 2, 0, start, 24 * RELOCATIONS, 0, 0, 8, 24])
    sections[index][4:6] = len(data), len(names) + 11
    data += names + b'.rela.dyn\0\0'
    data += bytes(-len(data) % 8)
    struct.pack_into('<Q', data, 40, len(data))
    struct.pack_into('<H', data, 60, len(sections))
    data += b''.join(struct.pack('<IIQQQQIIQQ', *section) for section in sections)
    path = sound.folder / 'claims.exe'
    path.write_bytes(with_programs(data, [(elf_file.PT_LOAD, 4, 0, 0x900000000 + (i << 28), 0, len(data), len(data), 4096)
                                          for i in range(CLAIMS)]))
    cost('an executable of 4,000 segments in the same bytes', sound.write(), '--exe', path)


def endless_zeros(sound):
    """64 GiB of zeros: neither memory nor disk holds them, but they take time, by some formats 100 times as much as by others."""
    piece = bytes(16 << 20)
    block = 2 | 1 << 20  # RLE of 128 KiB: RFC 8878 3.1.1.2; a window of 128 MiB
    zstd = b'\x28\xb5\x2f\xfd\0\x88' + ZEROS // (1 << 17) * (block.to_bytes(3, 'little') + b'\0') + b'\x01\0\0'
    for name, data in (('zstd', zstd), ('gzip', ZEROS // len(piece) * gzip.compress(piece)), ('xz', ZEROS // len(piece) * lzma.compress(piece))):
        path = sound.folder / f'zeros.{name}'
        path.write_bytes(data)
        what = f'64 GiB of zeros by {name}'
        run = cost(what, path, '--json', statuses=(1,))
    tap.check('64 GiB of zeros: how to read them all the same is said', None if b'--max-size' in run.out else run.out)


def main():
    with tempfile.TemporaryDirectory() as folder:
        sound = Sound(CASE, folder)
        for test in (repeated_goroutine, colliding_pcs, threads_and_machines, nested_segments, many_segments, many_notes,
                     shared_stacks, claiming_executable, endless_zeros):
            test(sound)
        for apart in (False, True):
            modules(sound, apart)
    tap.finish()


main()
