#!/usr/bin/env python3
"""C that ends the process by abort, where its frames cannot be walked, as with a C library that the dump lacks and this machine has
another build of: that the thread sent itself the signal is told by the registers of the system call. Where these are others, it is
not known; but that the thread was in C, and who had called it, is. Why it aborted is known by what glibc keeps of its last words, if it does."""
import struct
import tempfile

import dump_file
import tap

CASE = tap.CASES / 'amd64-c-heap'
SECTIONS, SECTION_SIZE, SECTION_COUNT = 40, 64, 60    # e_shoff, Elf64_Shdr, e_shnum
SHT_SYMTAB, SHT_NULL = 2, 0
RSI = -7 * 8    # saved registers of amd64's ucontext, from rip
RAISED = ('cgo-fault', 'certain', "C's die_of, or a function that it called, raised SIGABRT itself, as abort does, called by Go's main.consume.")
SAID = ('cgo-fault', 'certain', "the C library found its heap damaged: something wrote past a block, or freed one twice; it was in C's die_of, "
        "or a function that it called, called by Go's main.consume.")
SENT = ('external-signal', 'certain',
        "the process sent itself SIGABRT while thread 25317 was in C called by Go's main.consume, and ended of it.")
CALL = "stands in runtime.cgocall, calling C's die_of for main.consume, at main.go:109"


def without_c(data):
    """An executable as if it had neither unwind tables nor symbols of C."""
    data = bytearray(data.replace(b'.eh_frame\0', b'.xx_frame\0'))
    start, = struct.unpack_from('<Q', data, SECTIONS)
    count, = struct.unpack_from('<H', data, SECTION_COUNT)
    for header in range(start, start + count * SECTION_SIZE, SECTION_SIZE):
        if struct.unpack_from('<I', data, header + 4) == (SHT_SYMTAB,):
            struct.pack_into('<I', data, header + 4, SHT_NULL)
    return data


def evidence(report):
    return report['findings'][report['verdict']['finding']]['evidence']


def check(name, dump, exe, folder, want):
    """The report of such a run, None: there is none."""
    done = tap.Run(dump, '--exe', exe, '--json', '--sysroot', folder)
    if not tap.check(name, done.trouble(0)):
        return None
    verdict = done.report['verdict']
    got = (verdict['rule'], verdict['certainty'], verdict['headline'])
    tap.check(f'{name}: the verdict', None if got == want else f'{got}')
    told = ' '.join(item['text'] for item in evidence(done.report))
    tap.check(f'{name}: the call', None if CALL in told else told)
    return done.report


def main():
    with tempfile.TemporaryDirectory() as folder:
        exe = dump_file.unpacked(CASE / 'exe.zst', folder)
        exe.write_bytes(without_c(exe.read_bytes()))
        dump = dump_file.Copy(CASE / 'dump.zst', folder)
        report = check('C without tables and symbols', dump.path, exe, folder, SAID)
        if report:
            slot, = [int(item['address'], 16) for item in evidence(report) if item['text'].startswith("C's last words")]
            dump.write({slot: 0})
            check('nothing kept of what it said', dump.path, exe, folder, RAISED)
            rip, = [int(item['address'], 16) for item in evidence(report) if item['text'].startswith('the pc that was saved')]
            dump.write({rip + RSI: dump.word(rip + RSI) + 1})
            check('another thread in rsi', dump.path, exe, folder, SENT)
    tap.finish()


main()
