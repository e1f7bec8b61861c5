#!/usr/bin/env python3
"""Cores and executables as pyelftools reads them, which shares no line with tornstack: threads and their registers, process, signal, machine,
build-id, and the function that stands where each frame's is said to begin."""
import functools
import os
import signal
import struct
import tempfile

from elftools.elf.elffile import ELFFile

import dump_file
import tap

PRSTATUS_SIGNAL, PRSTATUS_PID, PRSTATUS_REGISTERS = 12, 32, 112
REGISTERS = {'amd64': {'pc': 16, 'sp': 19}, 'arm64': {'pc': 32, 'sp': 31}}  # places in user_regs_struct, user_pt_regs
PRPSINFO_PID = 24
PAGE_SIZE, HWCAP = 6, 16  # AT_… of the auxiliary vector


def word(data, at, form='<Q'):
    return struct.unpack_from(form, data, at)[0]


class Core:
    """What the notes of a core say."""

    def __init__(self, path, cpu):
        self.threads, self.signals, self.pid, self.auxiliary = {}, [], None, {}
        with open(path, 'rb') as file:
            for segment in ELFFile(file).iter_segments('PT_NOTE'):
                for note in segment.iter_notes():
                    self.take(note['n_type'], note['n_descdata'], cpu)

    def take(self, kind, data, cpu):
        if kind == 'NT_PRSTATUS':
            self.signals.append(word(data, PRSTATUS_SIGNAL, '<h'))
            self.threads[word(data, PRSTATUS_PID, '<i')] = {name: word(data, PRSTATUS_REGISTERS + 8 * place) for name, place in REGISTERS[cpu].items()}
        elif kind == 'NT_PRPSINFO':
            self.pid = word(data, PRPSINFO_PID, '<i')
        elif kind == 'NT_AUXV':
            pairs = struct.unpack(f'<{len(data) // 8}Q', data)
            self.auxiliary = dict(zip(pairs[::2], pairs[1::2]))


class Executable:
    """Its build-id, and the names of the functions that begin at an address."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            elf = ELFFile(file)
            self.fixed = elf['e_type'] == 'ET_EXEC'
            note = elf.get_section_by_name('.note.gnu.build-id')
            self.build_id = next((one['n_desc'] for one in note.iter_notes()), None) if note else None
            self.functions = {}
            table = elf.get_section_by_name('.symtab')
            for symbol in table.iter_symbols() if table else ():
                if symbol['st_info']['type'] == 'STT_FUNC' and symbol['st_size']:
                    self.functions.setdefault(symbol['st_value'], set()).add(symbol.name.removesuffix('.abi0'))


executable = functools.lru_cache(Executable)


def process_troubles(report, core):
    said = {thread['id']: {name: int(thread[name], 16) for name in ('pc', 'sp')} for thread in report['threads'] if thread['pc']}
    if said != core.threads:
        yield f'threads: {said}\ninstead of {core.threads}'
    if report['process']['pid'] != core.pid:
        yield f'pid: {report["process"]["pid"]}, not {core.pid}'
    stop = report['process']['stop']
    if stop and core.signals[0] and stop['name'] != signal.Signals(core.signals[0]).name:
        yield f'stopped by {stop["name"]}, not {core.signals[0]}'
    for name, kind in (('page_size', PAGE_SIZE), ('hwcap', HWCAP)):
        value = report['machine'][name]
        value = int(value, 16) if isinstance(value, str) else value
        if value != core.auxiliary.get(kind):
            yield f'{name}: {value}, not {core.auxiliary.get(kind)}'


def frames_of(report):
    for stack in report['threads'] + report['goroutines']:
        yield from (frame for frame in stack['frames'] or () if frame['entry'] and not frame['module'] and not frame['inlined'])


def function_troubles(report, exe):
    for frame in frames_of(report):
        names = exe.functions.get(int(frame['entry'], 16), set())
        if frame['function'] not in names:
            yield f'{frame["function"]} at {frame["entry"]}: {sorted(names)}'


def check_case(case, folder):
    args = tap.case_args(case)
    run = tap.Run(*args, '--json', '--goroutines=all')
    if not tap.check(f'{case}: the report', run.trouble(0)):
        return 0
    exe = executable(str(dump_file.unpacked(args[2], folder)))
    core = Core(dump_file.unpacked(args[0], folder), run.report['target']['arch'])
    tap.check(f'{case}: process and threads', '\n'.join(process_troubles(run.report, core)))
    if exe.build_id:
        tap.check(f'{case}: build-id', run.report['target']['build_id'] != exe.build_id and f'{run.report["target"]["build_id"]}, not {exe.build_id}')
    if not exe.functions or not exe.fixed:
        return 0
    tap.check(f'{case}: functions', '\n'.join(sorted(set(function_troubles(run.report, exe)))))
    return len(list(frames_of(run.report)))


def cases():
    """Of Linux, with an executable; one of each executable, unless all are asked for."""
    seen = set()
    for folder in sorted(tap.CASES.iterdir()):
        exe = folder / 'exe.zst'
        if folder.name.startswith('windows') or not exe.exists() or not (tap.FULL or (folder / 'dump.zst').exists() and exe.resolve() not in seen):
            continue
        seen.add(exe.resolve())
        yield folder.name


def main():
    frames = 0
    for case in cases():
        with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as folder:
            frames += check_case(case, folder)
        executable.cache_clear()
    tap.check(f'{frames} frames were looked up', frames < 100 and 'too few')
    tap.finish()


if __name__ == '__main__':
    main()
