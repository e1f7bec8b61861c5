#!/usr/bin/env python3
"""C that ends the process by abort, where its frames cannot be walked, as with a C library that the dump lacks and this machine has
another build of: that the thread sent itself the signal is known by the registers of the system call, and who had called C."""
import struct
import tempfile

import dump_file
import tap

CASE = tap.CASES / 'amd64-c-heap'
SECTIONS, SECTION_SIZE, SECTION_COUNT = 40, 64, 60    # e_shoff, Elf64_Shdr, e_shnum
SHT_SYMTAB, SHT_NULL = 2, 0
HEADLINE = "C's die_of, or a function that it called, raised SIGABRT itself, as abort does, called by Go's main.consume."


def without_c(data):
    """An executable as if it had neither unwind tables nor symbols of C."""
    data = bytearray(data.replace(b'.eh_frame\0', b'.xx_frame\0'))
    start, = struct.unpack_from('<Q', data, SECTIONS)
    count, = struct.unpack_from('<H', data, SECTION_COUNT)
    for header in range(start, start + count * SECTION_SIZE, SECTION_SIZE):
        if struct.unpack_from('<I', data, header + 4) == (SHT_SYMTAB,):
            struct.pack_into('<I', data, header + 4, SHT_NULL)
    return data


def main():
    with tempfile.TemporaryDirectory() as folder:
        exe = dump_file.unpacked(CASE / 'exe.zst', folder)
        exe.write_bytes(without_c(exe.read_bytes()))
        done = tap.Run(CASE / 'dump.zst', '--exe', exe, '--json', '--sysroot', folder)
    if tap.check('C without tables and symbols', done.trouble(0)):
        verdict = done.report['verdict']
        tap.check('the headline', None if verdict['headline'].rstrip('.') == HEADLINE.rstrip('.') else verdict['headline'])
        tap.check('by the rule', None if (verdict['rule'], verdict['certainty']) == ('cgo-fault', 'certain') else f'{verdict}')
        told = ' '.join(evidence['text'] for evidence in done.report['findings'][verdict['finding']]['evidence'])
        call = "stands in runtime.cgocall, calling C's die_of for main.consume, at main.go:109"
        tap.check('the call', None if call in told else told)
    tap.finish()


main()
