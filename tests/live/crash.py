"""Builds the zoo and lets it die: a core and the text that the runtime printed, for each ending of each cell.

What was made lies in a folder of its own for each cell: exe; ENDING/core.zst and ENDING/traceback, once they are kept.
"""
import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import elf_file
import tap
from live import wine
from live.process import Failure, kill, run

SOURCES = tap.ROOT / 'fixtures/src/zoo'
BUILD = tap.ROOT / 'fixtures/src/build.sh'
BUILD_SECONDS, NATIVE_SECONDS, EMULATED_SECONDS = 1200, 60, 180
CORE_BYTES, TEXT_BYTES = 8 << 30, 64 << 20
TRIES = 3
READY = b'ready'


def fingerprint(*paths):
    """Of the contents of files and folders."""
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob('*')) if path.is_dir() else [path]:
            if file.is_file() and '__pycache__' not in file.parts:
                total.update(file.name.encode() + b'\0' + file.read_bytes())
    return total.hexdigest()[:16]


def build(cell, exe, processes):
    environment = dict(os.environ, CGO_ENABLED=str(int(cell.variant.cgo)),
                       BUILD_FLAGS=f'-p {processes} {cell.variant.flags}', GOOS=cell.cpu.os)
    if cell.variant.cgo:
        environment['CC'] = 'gcc' if cell.native else cell.cpu.compiler
    command = [BUILD, SOURCES.name, cell.release, cell.cpu.architecture, exe, cell.variant.ldflags]
    status, output = run(command, BUILD_SECONDS, env=environment)
    if status != 0:
        raise Failure(f'it does not build: {output[-2000:]}')


def endings(cell, exe):
    if cell.cpu.os == 'windows':
        status, output = wine.endings(exe, EMULATED_SECONDS)
    else:
        status, output = run([*cell.runner, exe, 'list'], EMULATED_SECONDS)
    if status != 0 or not output.split():
        raise Failure(f'"{exe.name} list" ends with status {status}: {output[-2000:]}')
    return output.split()


@contextlib.contextmanager
def dump(cell, exe, ending, scratch):
    """(core, traceback, tries) of one death, in a folder that is deleted afterwards. An emulator, or a kernel that is
    short of memory, may fail to leave a core: that is tried again; what is in a core never is."""
    trouble = []
    while len(trouble) < TRIES:
        with tempfile.TemporaryDirectory(dir=scratch, prefix=f'{ending}-') as folder:
            folder = pathlib.Path(folder)
            try:
                core, text = way(cell, ending)(cell, exe, ending, folder)
            except Failure as failure:
                trouble.append(str(failure))
                continue
            yield core, text, len(trouble) + 1
            return
    raise Failure(f'no dump in {TRIES} tries: ' + '; '.join(trouble))


def way(cell, ending):
    if cell.cpu.os == 'windows':
        return death_in_wine
    return snapshot if ending == 'live' else death


def death_in_wine(cell, exe, ending, folder):
    """crashdump.exe stops the program where the runtime ends it: in RaiseFailFastException, or ExitProcess (Go 1.20)."""
    shutil.copy(exe, folder / 'zoo.exe')
    core = folder / 'core'
    wine.dump(['-break', 'ExitProcess', '-o', core.name, 'zoo.exe', ending], EMULATED_SECONDS, folder)
    if not core.exists():
        raise Failure(f'no dump: {tail(folder)}')
    text = folder / 'traceback'
    text.write_bytes(text.read_bytes().replace(b'\r\n', b'\n'))
    return core, text_of(folder)


def start(cell, exe, ending, folder, core_bytes):
    """The program, in an environment that is the same everywhere."""
    shutil.copy(exe, folder / 'zoo')
    with open(folder / 'out', 'wb') as out, open(folder / 'traceback', 'wb') as err:
        return subprocess.Popen(
            ['prlimit', f'--core={core_bytes}', 'env', '-i', 'GOTRACEBACK=crash', *emulator(cell), './zoo', ending],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)


def emulator(cell):
    return [shutil.which(cell.runner[0]), *cell.runner[1:]] if cell.runner else []


def death(cell, exe, ending, folder):
    process = start(cell, exe, ending, folder, CORE_BYTES)
    limit = NATIVE_SECONDS if cell.native else EMULATED_SECONDS
    try:
        status = process.wait(limit)
    except subprocess.TimeoutExpired:
        raise Failure(f'still alive after {limit} s: {tail(folder)}') from None
    finally:
        kill(process)
    # A file `core` beside that of qemu is qemu's own.
    cores = list(folder.glob('core*' if cell.native else 'qemu_*.core'))
    if len(cores) != 1:
        raise Failure(f'status {status}, {len(cores)} cores: {tail(folder)}')
    if is_cut(cores[0]):
        raise Failure(f'the core is cut short at {cores[0].stat().st_size} bytes')
    return cores[0], text_of(folder)


def is_cut(core):
    """Whether a core is shorter than its headers say: qemu stops at memory that it cannot read."""
    with open(core, 'rb') as file:
        programs = elf_file.Elf(file.read(1 << 20)).programs
    return max(offset + saved for _, _, offset, _, _, saved, _, _ in programs) > core.stat().st_size


def snapshot(cell, exe, ending, folder):
    """SIGQUIT is sent while gdb still holds the process, so that next to nothing runs between core and text."""
    process = start(cell, exe, ending, folder, 0)
    core = folder / 'snapshot'
    try:
        await_ready(process, folder)
        status, output = run(['gdb', '-nx', '-batch', '-p', str(process.pid), '-ex', f'gcore {core}',
                              '-ex', f'shell kill -QUIT {process.pid}'], NATIVE_SECONDS, cwd=folder)
        if status != 0 or not core.exists():
            raise Failure(f'gdb, status {status}: {output[-500:]}')
        process.wait(NATIVE_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failure(f'still alive after SIGQUIT: {tail(folder)}') from None
    finally:
        kill(process)
    return core, text_of(folder)


def await_ready(process, folder):
    end = time.monotonic() + NATIVE_SECONDS
    while READY not in (folder / 'out').read_bytes():
        if process.poll() is not None or time.monotonic() > end:
            raise Failure(f'it is not ready: {tail(folder)}')
        time.sleep(0.05)


def text_of(folder):
    path = folder / 'traceback'
    if not re.search(rb'^(goroutine \d|runtime stack:)', path.read_bytes()[:TEXT_BYTES], re.M):
        raise Failure(f'the runtime printed no stack: {tail(folder)}')
    return path


def tail(folder):
    """What the program said, for a message."""
    texts = [(folder / name).read_bytes()[-300:] for name in ('out', 'traceback')]
    return ' | '.join(text.decode(errors='replace').strip() for text in texts)


def keep(core, text, folder):
    """Compressed, so that a whole table can be kept."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(['zstd', '-q', '-3', '-T1', str(core), '-o', str(folder / 'core.zst')], check=True)
    shutil.copy(text, folder / 'traceback')
