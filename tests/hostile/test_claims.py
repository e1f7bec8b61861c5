#!/usr/bin/env python3
"""What a dump or file claims costs no more than what it holds: etext at the end of the address space, archives
that make much of little, executables that do; and an executable whose table of functions is damaged, or whose code lies elsewhere,
takes all certainty away; a goroutine that is lost is not mistaken for another. A run that does not end is what tap.Run fails."""
import io
import json
import os
import pathlib
import re
import struct
import tarfile
import tempfile

import dump_file
import elf_file
import tap

CASE = 'amd64-late-crash-stripped'
QUIT = 'amd64-quit-stripped'
PCLNTAB_MAGIC = b'\xf1\xff\xff\xff\x00\x00\x01\x08'
NFUNC, TEXT_START, FTAB = 8, 24, 64  # runtime.pcHeader: offsets of words
PF_X = 1
MINPC, ETEXT = 20, 23  # runtime.moduledata: indices of words


def pclntab(elf):
    """The address of the pclntab in an executable, by its magic."""
    at = elf.data.find(PCLNTAB_MAGIC)
    for kind, _, offset, start, _, saved, _, _ in elf.programs:
        if kind == elf_file.PT_LOAD and offset <= at < offset + saved:
            return start + at - offset
    raise AssertionError('no pclntab')


def moduledata(dump, table):
    """The address of runtime.moduledata in a core: its first word is the pclntab's address."""
    wanted = table.to_bytes(8, 'little')
    for kind, _, offset, start, _, saved, _, _ in dump.programs:
        at = dump.data.find(wanted, offset, offset + saved) if kind == elf_file.PT_LOAD else -1
        while at >= 0:
            address = start + at - offset
            if address % 8 == 0 and dump.word(address + 8 * ETEXT) > dump.word(address + 8 * MINPC) > 0:
                return address
            at = dump.data.find(wanted, at + 1, offset + saved)
    raise AssertionError('no moduledata')


def sound(name, run, truth=None):
    detail = run.trouble(0)
    if not detail and truth:
        detail = tap.wrong_certain(run.report, truth)
    return tap.check(name, detail)


def far_etext(folder):
    copy = dump_file.Copy(tap.CASES / CASE / 'dump.zst', folder)
    exe = dump_file.unpacked(tap.CASES / CASE / 'exe.zst', folder)
    module = moduledata(copy.dump, pclntab(elf_file.Elf(exe.read_bytes())))
    truth = json.loads((tap.CASES / CASE / 'expect.json').read_text())
    for value in (0x7fffffffffff0000, (1 << 64) - 1):
        run = copy.changed({module + 8 * ETEXT: value}, lambda: tap.Run(copy.path, '--exe', exe, '--json'))
        sound(f'etext {value:#x}', run, truth)
        run = copy.changed({module + 8 * ETEXT: value}, lambda: tap.Run(copy.path, '--json'))
        sound(f'etext {value:#x}, without executable', run)


def entries_on_stacks(exe):
    report = tap.Run(tap.CASES / QUIT / 'dump.zst', '--exe', exe, '--json', '--goroutines=all').report
    return {int(frame['entry'], 16) for one in report['goroutines'] for frame in one['frames'] if frame.get('entry')}


def functab(folder):
    """Entries of the table of functions changed: what lies between is looked for in the wrong half, or belongs to the wrong one."""
    exe = dump_file.unpacked(tap.CASES / QUIT / 'exe.zst', folder)
    elf = elf_file.Elf(exe.read_bytes())
    table = pclntab(elf)
    count, entries = elf.word(table + NFUNC), table + elf.word(table + FTAB)
    truth = json.loads((tap.CASES / QUIT / 'expect.json').read_text())
    original = bytes(elf.data)

    def analysed(index, change):
        at = elf.offset(entries + 8 * index)
        damaged = bytearray(original)
        struct.pack_into('<I', damaged, at, change(*(struct.unpack_from('<I', original, at + 8 * i)[0] for i in range(2))))
        exe.write_bytes(damaged)
        return tap.Run(tap.CASES / QUIT / 'dump.zst', '--exe', exe, '--json')

    for index in range(count // 8, count - 2, count // 8): # then the table is no table
        sound(f'entry {index} behind the next', analysed(index, lambda start, following: following + 1), truth)
        sound(f'entry {index} far away', analysed(index, lambda start, following: start ^ 0x00f0f000), truth)
    exe.write_bytes(original)
    text = elf.word(table + TEXT_START)
    starts = {text + struct.unpack_from('<I', original, elf.offset(entries + 8 * i))[0]: i for i in range(count)}
    for index in sorted({starts[entry] for entry in entries_on_stacks(exe)}):
        run = analysed(index, lambda start, following: start + 1)
        if sound(f'entry {index}, of a function on a stack, a byte late', run, truth):
            certain = [one['rule'] for one in run.report['findings'] if one['certainty'] != 'possible']
            tap.check(f'entry {index}: nothing rests on it', f'{certain}' if certain else None)
            tap.check(f'entry {index}: said', None if any('table of functions' in note for note in run.report['notes'])
                      else f'{run.report["notes"]}')
    exe.write_bytes(original)
    run = tap.Run(tap.CASES / QUIT / 'dump.zst', '--exe', exe, '--json')
    if sound('the sound table', run, truth):
        tap.check('the sound table: certain', None if run.report['findings'][0]['certainty'] == 'certain' else
                  f'{run.report["findings"][0]}')


def without_file_list(case, folder):
    """Its dump, which does not tell where files were mapped: its NT_FILE note is of another type."""
    dump = dump_file.unpacked(tap.case_dump(case), folder)
    data = dump.read_bytes()
    kind = struct.pack('<I', 0x46494c45) + b'CORE\0'
    assert data.count(kind) == 1
    dump.write_bytes(data.replace(kind, struct.pack('<I', 0x46494c44) + b'CORE\0'))
    return dump


def code_elsewhere(folder):
    """The header of an executable says that its code lies elsewhere in it: its build-id is still right, and each stack looks damaged."""
    for case in ('amd64-cgo-static', 'amd64-late-silent'):
        dump = without_file_list(case, folder)
        exe = dump_file.unpacked(tap.CASES / case / 'exe.zst', folder)
        original = exe.read_bytes()
        elf = elf_file.Elf(original)
        index, program = next((i, one) for i, one in enumerate(elf.programs) if one[0] == elf_file.PT_LOAD and one[1] & PF_X)
        for change in (-1, 4, 0x40, 0x1000, 0xdf00, 0x20000):
            damaged = bytearray(original)
            struct.pack_into('<Q', damaged, elf.phoff + index * elf_file.PROGRAM_SIZE + elf_file.P_OFFSET, program[2] + change)
            exe.write_bytes(damaged)
            run = tap.Run(dump, '--exe', exe, '--json', '--sysroot', folder)
            if sound(f'{case}: code {change:#x} off', run, json.loads((tap.CASES / case / 'expect.json').read_text())):
                found = [one['rule'] for one in run.report['findings'] if one['rule'] in tap.CORRUPTION]
                tap.check(f'{case}: code {change:#x} off: nothing looks damaged', ', '.join(found))
                tap.check(f'{case}: code {change:#x} off: said', None if any('code is not what' in note for note in run.report['notes'])
                          else f'{run.report["notes"]}')


def tar_of(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def wide_archive(folder):
    """Archives of archives: each level multiplies."""
    data = tar_of([('x', b'\0' * (1 << 20))])
    for _ in range(3):
        data = tar_of([(f'{i}.tar.gz', data) for i in range(40)])
    path = pathlib.Path(folder) / 'wide.tar.gz'
    path.write_bytes(data)
    run = tap.Run('scan', path)
    said = str(run.err) + str(run.out)
    tap.check(f'an archive of {len(data)} bytes', None if run.status == 1 and 'as no' in said else
              f'{run.status} {said}')


def large_executable(folder):
    """--max-size is for executables, too."""
    zeros = pathlib.Path(folder) / 'zeros'
    with open(zeros, 'wb') as file:
        file.truncate(64 << 20)
    packed = pathlib.Path(folder) / 'exe.zst'
    os.system(f'zstd -q -f {zeros} -o {packed}')
    run = tap.Run(tap.CASES / QUIT / 'dump.zst', '--exe', packed, '--json', '--max-size=32M')
    said = str(run.err) + str(run.out)
    tap.check('a compressed executable that is too large', None if run.status in (0, 1) and '33554432' in said else
              f'{run.status} {said}')


def notes_elsewhere(folder):
    """The notes' place is changed: goroutines are there, threads are not, nor what ended the process, which was not alive."""
    case = tap.CASES / 'amd64-deadlock-mutex'
    path = dump_file.unpacked(case / 'dump.zst', folder)
    exe = dump_file.unpacked(case / 'exe.zst', folder)
    data = bytearray(path.read_bytes())
    first = int.from_bytes(data[32:40], 'little')  # e_phoff; the notes are the kernel's first segment
    assert int.from_bytes(data[first:first + 4], 'little') == elf_file.PT_NOTE
    data[first + 10] ^= 4  # p_offset
    path.write_bytes(data)
    run = tap.Run(path, '--exe', exe, '--json')
    sound('notes that lie elsewhere', run, json.loads((case / 'expect.json').read_text()))
    text = ' '.join(str(tap.Run(path, '--exe', exe).out).split())
    tap.check('nobody says that it was alive', None if 'not known' in text and 'was alive' not in text else text)


def segments_elsewhere(folder):
    """Headers of the executable that place a segment at another address, or take it from another place of the file: its last pages
    of code are then of something else."""
    case = tap.CASES / 'amd64-pointer-number'
    dump = dump_file.unpacked(case / 'dump.zst', folder)
    exe = dump_file.unpacked(case / 'exe.zst', folder)
    original = exe.read_bytes()
    truth = json.loads((case / 'expect.json').read_text())
    first = int.from_bytes(original[32:40], 'little')
    for index, (kind, *_) in enumerate(elf_file.Elf(original).programs):
        for field, mask in ((8, 0x10), (16, 0x20)):  # p_offset, p_vaddr: their second bytes
            data = bytearray(original)
            data[first + 56 * index + field + 1] ^= mask
            exe.write_bytes(data)
            run = tap.Run(dump, '--exe', exe, '--json', '--sysroot', folder)
            name = f'executable, header {index}, byte {field + 1} changed'
            if sound(name, run, truth) and kind == elf_file.PT_LOAD:
                tap.check(f'{name}: said', None if re.search('headers place|moduledata', json.dumps(run.report)) else run.report['notes'])


def lost_walked_goroutine(folder):
    """The goroutine that panicked is no goroutine any more: words that the walker of its stack left behind name another, whose stack was walked
    before, and passes generated code as well."""
    case = tap.CASES / 'amd64-generated'
    truth = json.loads((case / 'expect.json').read_text())
    dump = dump_file.unpacked(case / 'dump.zst', folder)
    exe = case / 'exe.zst'
    report = tap.Run(dump, '--exe', exe, '--json', '--goroutines=all').report
    panicked = report['findings'][0]['goroutine']
    low, high = next((int(g['stack_lo'], 16), int(g['stack_hi'], 16)) for g in report['goroutines'] if g['id'] == panicked)
    data = bytearray(dump.read_bytes())
    at = data.find(struct.pack('<QQ', low, high))  # runtime.g begins with its stack
    assert at >= 0 and data.find(struct.pack('<QQ', low, high), at + 1) < 0
    data[at + 13] ^= 0xff
    dump.write_bytes(data)
    run = tap.Run(dump, '--exe', exe, '--json')
    if sound('the goroutine that was walked is lost', run, truth):
        others = [finding['title'] for finding in run.report['findings']
                  if finding['rule'] == 'generated-code' and finding['certainty'] == 'certain' and finding['goroutine'] != panicked]
        tap.check('the goroutine that was walked is lost: no other is certain', '; '.join(others) or None)


def main():
    for test in (lost_walked_goroutine, far_etext, functab, code_elsewhere, wide_archive, large_executable, notes_elsewhere, segments_elsewhere):
        with tempfile.TemporaryDirectory() as folder:
            test(folder)
    tap.finish()


main()
