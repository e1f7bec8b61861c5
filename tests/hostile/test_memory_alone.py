#!/usr/bin/env python3
"""A dump that is analysed without an executable, when it lacks the code or the tables, is cut short, or has damaged ones: what
is missing is said, and nothing is wrongly certain."""
import os
import struct
import tempfile

import dump_file
import elf_file
import tap

CASE = 'amd64-memory'
PCLNTAB = b'\xf1\xff\xff\xff\x00\x00\x01\x08'  # Go 1.20 on, amd64
FILE_SIZE = 32                                 # p_filesz in a program header
HEADER_WORDS, MODULE_WORDS = 9, 32
CUTS = 16
DAMAGES = {'zero': lambda word: 0, 'off by 8': lambda word: word + 8, 'huge': lambda word: 1 << 63 | word}


class Victim:
    def __init__(self, folder):
        self.path = dump_file.unpacked(tap.CASES / CASE / 'dump.zst', folder)
        self.core = elf_file.Elf(self.path.read_bytes())
        self.expect = tap.expectation(CASE)
        self.tables = self.address_of(PCLNTAB, lambda flags: not flags & 2)
        self.module = self.address_of(self.tables.to_bytes(8, 'little'), lambda flags: flags & 2)
        self.text = self.core.word(self.module + 8 * 22)  # moduledata.text

    def address_of(self, needle, wanted):
        for kind, flags, offset, start, _, saved, _, _ in self.core.programs:
            at = self.core.data.find(needle, offset, offset + saved)
            if kind == elf_file.PT_LOAD and wanted(flags) and at >= 0:
                return start + at - offset
        raise SystemExit(f'{needle} is not in the dump')

    def run(self, name, at, value):
        """The report with 8 bytes of the file changed."""
        kept = self.core.data[at:at + 8]
        with open(self.path, 'r+b') as file:
            for word in (struct.pack('<Q', value & (1 << 64) - 1), kept):
                file.seek(at)
                file.write(word)
                file.flush()
                if word is not kept:
                    done = self.survives(name)
        return done

    def survives(self, name):
        done = tap.Run(self.path, '--json', '--goroutines=all')
        tap.check(f'{name}: survived', done.trouble(0, 1) or done.report and tap.wrong_certain(done.report, self.expect))
        return done

    def without(self, address):
        """The report when the dump leaves out the segment of an address."""
        for index, (_, _, _, start, _, saved, _, _) in enumerate(self.core.programs):
            if start <= address < start + saved:
                return self.run(f'without {address:#x}', self.core.phoff + 56 * index + FILE_SIZE, 0)
        raise SystemExit(f'{address:#x} is not in the dump')


def named(report):
    return sum(bool(frame['function']) for goroutine in report['goroutines'] for frame in goroutine['frames'])


def check_parts(victim):
    for what, address, note, has_names in (
            ('code', victim.text, "but not all of its code", True),
            ('tables', victim.tables, "but not all of its tables", False)):
        report = victim.without(address).report
        if tap.check(f'without {what}: a report', None if report else 'none'):
            tap.check(f'without {what}: said', None if any(note in text and '--exe' in text for text in report['notes'])
                      else report['notes'])
            tap.check(f'without {what}: no executable', None if report['target']['executable_source'] == 'none'
                      else report['target'])
            tap.check(f'without {what}: goroutines', None if len(report['goroutines']) == 8
                      else len(report['goroutines']))
            tap.check(f'without {what}: names', None if bool(named(report)) == has_names else named(report))


def check_damage(victim):
    words = {f'pcHeader[{i}]': victim.tables + 8 * i for i in range(HEADER_WORDS)}
    words.update({f'moduledata[{i}]': victim.module + 8 * i for i in range(MODULE_WORDS)})
    for where, address in words.items():
        for name, change in DAMAGES.items():
            victim.run(f'{where} {name}', victim.core.offset(address), change(victim.core.word(address)))


def check_cuts(victim):
    size = victim.path.stat().st_size
    for part in range(CUTS - 1, 0, -1):
        os.truncate(victim.path, size * part // CUTS)
        victim.survives(f'{part}/{CUTS} of it')


def main():
    with tempfile.TemporaryDirectory() as folder:
        victim = Victim(folder)
        check_parts(victim)
        check_damage(victim)
        check_cuts(victim)
    tap.finish()


main()
