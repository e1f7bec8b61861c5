#!/usr/bin/env python3
"""Lists of the runtime's structures that go round or never end, and tables of more than any program has: each costs less than 5 s of
CPU and 512 MB, and no other verdict is certain."""
import pathlib
import struct
import tempfile

import dump_file
import elf_file
import tap
from costs import FREE, Sound, cost

CASE = 'amd64-live'           # with a goroutine that waits for a channel
MINIDUMP = 'windows-amd64-panic'
NT_FILE = 0x46494c45
MODULE_LIST = 4
FUNCTIONS, CALLERS, MAPPED, MODULES, SUDOGS, SYMBOLS, GOROUTINES = 1_000_000, 50_000, 100_000, 100_000, 1_000_000, 2_000_000, 50_000
MODULEDATA = 1024             # bytes that are more than it has
ENTRY, RECORD = 8, 44         # of a pclntab's table of functions; runtime._func of Go 1.20 and later


def told(name, sound, path, goroutines=0):
    """It costs little, what is certain is true, and so many goroutines are listed, each in a function."""
    run = cost(name, path, *sound.exe, '--json', '--goroutines=all')
    wrong = run.trouble(0) or tap.wrong_certain(run.report, tap.expectation(CASE))
    if not wrong and goroutines:
        named = sum(bool(one['frames'] and one['frames'][0]['function']) for one in run.report['goroutines'])
        wrong = None if named == goroutines else f'{named} goroutines'
    tap.check(f'{name}: no other verdict', wrong)


def waiting(sound):
    """(g, its sudog, the channel) of a goroutine that waits for one."""
    words = sound.words
    for g in words.g.values():
        sudog = words.at(g, 'g_waiting')
        if sudog:
            return g, sudog, words.dump.word(sudog + words.layout['sudog_size'] - 8)
    raise AssertionError('nobody waits for a channel')


def circles(sound):
    words, layout = sound.words, sound.words.layout
    m, module = words.dump.word(words.symbols['runtime.allm']), words.symbols['runtime.firstmoduledata']
    g, sudog, channel = waiting(sound)
    record = bytearray(256)
    struct.pack_into('<Q', record, layout['panic_link'], FREE)
    struct.pack_into('<Q', record, layout['defer_link'], FREE)
    field = lambda name: g + layout[name] - layout['g_stack_lo']
    for name, changes in (('the list of Ms', {m + layout['m_alllink']: m}),
                          ('the list of modules', {module + layout['moduledata_next']: module}),
                          ('channels of a select', {sudog + layout['sudog_waitlink']: sudog}),
                          ('who waits for a channel', {sudog + layout['sudog_next']: sudog, sudog + layout['sudog_prev']: sudog,
                                                       channel + layout['hchan_recvq_first']: sudog, channel + layout['hchan_sendq_first']: sudog}),
                          ('panics', {field('g_panic'): FREE}),
                          ('deferred calls', {field('g_defer'): FREE}),
                          ('the scheduler\'s lists', {field('g_schedlink'): g, words.symbols['runtime.sched'] + layout['schedt_midle']: m})):
        told(f'{name} in a circle', sound, sound.write({FREE: bytes(record)}, words=changes))


def endless_queue(sound):
    """A million who wait for one channel, all of them the same goroutine; and fifty thousand goroutines at the head of that queue."""
    words, layout = sound.words, sound.words.layout
    g, sudog, channel = waiting(sound)
    size = layout['sudog_size'] + 8
    template, memory = bytearray(words.bytes_at(sudog, size)), bytearray()
    for i in range(SUDOGS):
        following = FREE + size * (i + 1) if i + 1 < SUDOGS else 0
        struct.pack_into('<Q', template, layout['sudog_next'], following)
        struct.pack_into('<Q', template, layout['sudog_waitlink'], following)
        memory += template
    changes = {g + layout['g_waiting'] - layout['g_stack_lo']: FREE, channel + layout['hchan_recvq_first']: FREE}
    told('a million in one queue', sound, sound.write({FREE: bytes(memory)}, words=changes))
    sample, entries, gs = words.bytes_at(g, layout['g_size']), FREE + (1 << 32), FREE + (1 << 33)
    size = layout['g_size']
    own = b''.join(sound.g(sample, goid=1000 + i, waiting=FREE, sched_g=gs + size * i) for i in range(GOROUTINES))
    listed = struct.pack(f'<{GOROUTINES}Q', *range(gs, gs + len(own), size))
    told('50,000 goroutines in one queue of a million', sound,
         sound.write({FREE: bytes(memory), entries: listed, gs: own}, words={**changes, **words.listing(entries, GOROUTINES)}), GOROUTINES)


def many_functions(sound):
    """A module of a million functions of 16 bytes, all with the name and the tables of one, and goroutines in each tenth of them."""
    words, layout = sound.words, sound.words.layout
    first = words.symbols['runtime.firstmoduledata']
    module = bytearray(words.bytes_at(first, MODULEDATA))
    table = struct.unpack_from('<Q', module)[0]
    exe = elf_file.Elf(sound.exe[1].read_bytes())
    at = exe.offset(table)
    last, length = struct.unpack_from('<QQ', module, 8 * 13) # pclntable
    copy = bytearray(exe.data[at:at + last + length - table])
    functions = last - table
    one = struct.unpack_from('<II', copy, functions + ENTRY * 100)[1]
    record = bytearray(copy[functions + one:functions + one + RECORD])
    struct.pack_into('<I', record, 28, 0) # npcdata
    record[43] = 0                        # nfuncdata
    start = ENTRY * (FUNCTIONS + 1)
    ftab = b''.join(struct.pack('<II', 16 * i, start + RECORD * i) for i in range(FUNCTIONS)) + struct.pack('<II', 16 * FUNCTIONS, 0)
    records = b''.join(struct.pack('<I', 16 * i) + record[4:] for i in range(FUNCTIONS))
    copy[functions:] = ftab + records
    struct.pack_into('<Q', copy, 8, FUNCTIONS)
    struct.pack_into('<Q', copy, 24, FREE + (1 << 38)) # textStart
    tables, data, code = (FREE + (1 << shift) for shift in (36, 37, 38))
    for word in (0, 1, 4, 7, 10, 13, 16):
        struct.pack_into('<Q', module, 8 * word, struct.unpack_from('<Q', module, 8 * word)[0] - table + tables)
    struct.pack_into('<QQ', module, 8 * 14, *[len(ftab) + len(records)] * 2)
    struct.pack_into('<QQ', module, 8 * 17, FUNCTIONS + 1, FUNCTIONS + 1)
    struct.pack_into('<QQQQ', module, 8 * 20, code, code + 16 * FUNCTIONS, code, code + 16 * FUNCTIONS)
    struct.pack_into('<QQQ', module, layout['moduledata_textsectmap'], 0, 0, 0)
    struct.pack_into('<Q', module, layout['moduledata_next'], 0)
    entries, gs = FREE + (1 << 32), FREE + (1 << 33)
    sample = words.bytes_at(min(words.g.values()), layout['g_size'])
    size = layout['g_size']
    own = b''.join(sound.g(sample, goid=1000 + i, sched_pc=code + 160 * i + 8, sched_g=gs + size * i,
                           gopc=code + 160 * i + 4) for i in range(CALLERS))
    listed = struct.pack(f'<{CALLERS}Q', *range(gs, gs + len(own), size))
    told('a million functions, 50,000 goroutines in them', sound,
         sound.write({tables: bytes(copy), data: bytes(module), entries: listed, gs: own},
                     words={first + layout['moduledata_next']: data, **words.listing(entries, CALLERS)}), CALLERS)


def mapped_files(sound):
    """Each under a name of its own, and all of them not there."""
    names = b''.join(b'/nonexistent/lib%06d.so\0' % i for i in range(MAPPED))
    ranges = b''.join(struct.pack('<QQQ', FREE + (i << 16), FREE + (i << 16) + 4096, 0) for i in range(MAPPED))
    desc = struct.pack('<QQ', MAPPED, 4096) + ranges + names
    note = struct.pack('<III', 5, len(desc), NT_FILE) + b'CORE\0\0\0\0' + desc + bytes(-len(desc) % 4)
    told('100,000 mapped files', sound, sound.write(notes=note))


def many_symbols(sound):
    """Of an executable: two million, all with one name of 60,000 letters."""
    data = bytearray(sound.exe[1].read_bytes())
    at, size, count = (int.from_bytes(data[o:o + n], 'little') for o, n in ((40, 8), (58, 2), (60, 2)))
    sections = [list(struct.unpack_from('<IIQQQQIIQQ', data, at + size * i)) for i in range(count)]
    symbols = next(section for section in sections if section[1] == 2)
    names = sections[symbols[6]]
    data += bytes(-len(data) % 8)
    old = bytes(data[names[4]:names[4] + names[5]])
    names[4:6] = len(data), len(old) + 60_001
    data += old + b'a' * 60_000 + b'\0'
    data += bytes(-len(data) % 8)
    own = bytes(data[symbols[4]:symbols[4] + symbols[5]])
    symbols[4:6] = len(data), len(own) + 24 * SYMBOLS
    data += own + b''.join(struct.pack('<IBBHQQ', len(old), 2, 0, 1, 0x400000 + 16 * i, 16) for i in range(SYMBOLS))
    struct.pack_into('<Q', data, 40, len(data))
    data += b''.join(struct.pack('<IIQQQQIIQQ', *section) for section in sections)
    path = sound.folder / 'symbols.exe'
    path.write_bytes(data)
    cost('an executable of two million symbols', sound.write(), '--exe', path, '--json')


def modules_of_a_minidump(folder):
    """Each of one page, all with one name."""
    data = bytearray(dump_file.unpacked(tap.CASES / MINIDUMP / 'dump.zst', folder).read_bytes())
    count, directory = struct.unpack_from('<II', data, 8)
    entry = next(directory + 12 * i for i in range(count) if struct.unpack_from('<I', data, directory + 12 * i)[0] == MODULE_LIST)
    _, size, at = struct.unpack_from('<III', data, entry)
    own = bytes(data[at + 4:at + size])
    module, more = bytearray(own[:108]), bytearray()
    for i in range(MODULES):
        struct.pack_into('<QI', module, 0, FREE + (i << 16), 4096)
        more += module
    struct.pack_into('<II', data, entry + 4, 4 + len(own) + len(more), len(data))
    data += struct.pack('<I', len(own) // 108 + MODULES) + own + more
    path = pathlib.Path(folder) / 'modules.dmp'
    path.write_bytes(data)
    exe = dump_file.unpacked(tap.CASES / MINIDUMP / 'exe.zst', folder)
    report = cost('a minidump of 100,000 modules', path, '--exe', exe, '--json').report
    tap.check('a minidump of 100,000 modules: no other verdict', tap.wrong_certain(report, tap.expectation(MINIDUMP)) if report else 'none')


def main():
    with tempfile.TemporaryDirectory() as folder:
        sound = Sound(CASE, folder)
        for test in (circles, endless_queue, many_functions, mapped_files, many_symbols):
            test(sound)
    with tempfile.TemporaryDirectory() as folder:
        modules_of_a_minidump(folder)
    tap.finish()


main()
