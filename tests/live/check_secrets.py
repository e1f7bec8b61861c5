#!/usr/bin/env python3
"""Redacted slim dumps and bundles hold no secret: a program with one of each kind crashes, by a fault and by a panic, on both CPUs and, by
Wine, on Windows, and neither the slim dump, with and without tables, nor the bundle, nor any report has any of them, in any of the forms that
secrets are found in. A dump that was not redacted, and a whole one, are looked at too, and what a tornstack writes that was linked so that it
leaves texts as they are: a search that finds nothing there would prove nothing.

usage: tests/live/check_secrets.py [--only "linux/amd64 linux/arm64 windows/amd64"] [--leaking PROGRAM]    needs Go, gcc for each CPU, and
qemu-aarch64 for arm64, Wine for Windows"""
import argparse
import base64
import gzip
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tests'))
import tap  # noqa: E402
from live import wine  # noqa: E402

LETTERS = b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
KINDS = {1: 'heap string', 2: 'bytes in a heap object', 3: 'string of an object behind another', 4: 'argument', 5: 'environment',
         6: 'global string', 7: 'bytes of a global', 8: 'words of a global', 9: 'key of a map', 10: 'value of a map',
         11: 'string in a channel', 12: 'bytes in a channel', 13: 'large buffer', 14: 'value of a panic that was recovered',
         15: 'object in a pool', 16: 'buffered output', 17: 'value of a context', 18: 'variable of a closure of a timer',
         19: 'stack of functions that returned', 20: 'memory and files mapped beside Go\'s', 21: 'value of a panic', 22: 'label of goroutines',
         23: 'stack of a parked goroutine', 24: 'stack and arguments', 25: 'words in registers and arguments', 26: 'name of a mapped file',
         27: 'folder of the program', 28: 'variable of a C thread', 29: 'C heap', 30: 'global of C', 31: 'stack of C',
         32: 'folder that it was built in'}
BUILT_IN = 32  # the executable holds it: who is given that may see it
CHUNK = 8  # bytes of a secret are found, too


def secret(kind):
    state, text = (kind * 7919 + 12345) & 0xffffffff, bytearray()
    for _ in range(24):
        state = (state * 1664525 + 1013904223) & 0xffffffff
        text.append(LETTERS[(state >> 16) % len(LETTERS)])
    return bytes(text)


def forms(text):
    """Needles by form. Base64 has three ways, by where the text begins; the ends depend on what is beside it."""
    yield from (('plain', text[i:i + CHUNK]) for i in range(len(text) - CHUNK + 1))
    yield 'UTF-16', text.decode().encode('utf-16-le')[:24]
    yield 'reversed', text[::-1][:12]
    yield 'hex', text.hex().encode()[:24]
    yield 'HEX', text.hex().upper().encode()[:24]
    yield from (('a word in hex', b'%x' % int.from_bytes(text[i:i + 8], 'little')) for i in range(len(text) - 7))
    for pad in range(3):
        yield 'base64', base64.b64encode(bytes(pad) + text)[4:28]
        yield 'base64url', base64.urlsafe_b64encode(bytes(pad) + text)[4:28]


def found(data):
    """Kinds of secrets in bytes, and the form of each."""
    return {kind: form for kind in KINDS for form, needle in forms(secret(kind)) if needle in data}


def planted(data):
    """Kinds of which the first half is in bytes as it is: of a whole dump, which is large."""
    return {kind: 'plain' for kind in KINDS if secret(kind)[:12] in data}


def build(folder, system, cpu):
    """With C where its compiler is, in a folder whose name is secret, and stays in the tables and in DWARF."""
    source = folder / secret(BUILT_IN).decode() / f'{system}-{cpu}'
    shutil.copytree(ROOT / 'tests/live/secrets', source)
    exe = folder / f'secrets-{system}-{cpu}'
    native = system == 'linux'
    compiler = {'CC': 'aarch64-linux-gnu-gcc'} if cpu == 'arm64' and os.uname().machine == 'x86_64' else {}
    static = ['-ldflags=-linkmode=external -extldflags=-static'] if native else []
    subprocess.run(['go', 'build', *static, '-o', str(exe), '.'], cwd=source, check=True,
                   env=dict(os.environ, GOARCH=cpu, GOOS=system, CGO_ENABLED=str(int(native)), GOFLAGS='-buildvcs=false', **compiler))
    return exe


def crash(exe, system, cpu, how, folder):
    """The dump of a crash, in a folder whose name is secret, and what it printed."""
    place = folder / f'{secret(27).decode()}-{system}-{cpu}-{how}'
    place.mkdir()
    if system == 'windows':
        program = pathlib.Path(shutil.copy(exe, place / 'secrets.exe'))
        wine.dump(['-break', 'ExitProcess', '-o', 'core', program.name, how, secret(4).decode()], 300, place)
        return place / 'core' if (place / 'core').exists() else None, place / 'traceback'
    program = shutil.copy(exe, place / 'secrets')
    command = ['qemu-aarch64'] if cpu == 'arm64' and os.uname().machine == 'x86_64' else []
    with open(place / 'traceback', 'wb') as log:
        subprocess.run(['sh', '-c', 'ulimit -c unlimited; exec "$@"', 'sh', *command, str(program), how, secret(4).decode()], cwd=place,
                       stdout=subprocess.DEVNULL, stderr=log, timeout=120, check=False,
                       env={'TOKEN': secret(5).decode(), 'GOTRACEBACK': 'crash', 'PATH': os.environ['PATH']})
    cores = [path for path in place.iterdir() if 'core' in path.name]
    return cores[0] if cores else None, place / 'traceback'


REPORTS = (['--json', '--goroutines=all', '-v'], ['-v'], [], ['--traceback'], ['--markdown'], ['--brief'], ['--html'],
           ['--format=folded'], ['--format=pprof'], ['--unmasked', '-v'])


def outputs(source, *given):
    """Every form of report, decompressed."""
    for options in REPORTS:
        run = tap.Run(source, *given, *options)
        out = gzip.decompress(run.out) if run.out[:2] == b'\x1f\x8b' else run.out
        yield ' '.join(options) or 'text', out + run.err.encode()


def members(bundle):
    plain = subprocess.run(['zstd', '-dcq', bundle], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        return {'the archive': bundle.read_bytes(), 'its bytes': plain,
                **{header.name: archive.extractfile(header).read() for header in archive.getmembers()}}


def shown(kinds):
    return ', '.join(f'{KINDS[kind]} ({form})' for kind, form in kinds.items())


def without(kinds, *known):
    return {kind: form for kind, form in kinds.items() if kind not in known}


def holds_none(name, parts):
    for part, text in parts:
        tap.check(f'{name}: {part}', shown(found(text)) or (None if text else 'nothing is there'))


def check_bundle(source, name, folder, *given):
    bundle = folder / 'bug.tar.zst'
    trouble = tap.Run('bundle', source, *given, '-o', bundle).trouble(0)
    if not trouble:
        holds_none(f'{name}, bundle', members(bundle).items())
        holds_none(f'{name}, bundle', outputs(bundle))
    tap.check(f'{name}: bundle', trouble)


def check_slim(core, exe, name, folder):
    """What is in slim dumps: they lie alone, so that no executable is found."""
    alone = folder / 'alone'
    alone.mkdir(exist_ok=True)
    for options in ([], ['--with-tables']):
        slim = alone / 'slim'
        what = f'{name}, slim {" ".join(options)}'.rstrip()
        trouble = tap.Run('slim', core, '--exe', exe, *options, '-o', slim).trouble(0)
        if tap.check(f'{what}: made', trouble):
            holds_none(what, [('the dump', slim.read_bytes())])
            holds_none(what, outputs(slim))
            for report, text in outputs(slim, '--exe', exe):
                tap.check(f'{what}, with the executable: {report}', shown(without(found(text), BUILT_IN)))


def check(core, exe, log, name, folder):
    all_read = folder / 'unredacted'
    trouble = tap.Run('slim', core, '--exe', exe, '--with-tables', '--unredacted', '-o', all_read).trouble(0)
    tap.check(f'{name}: not redacted', trouble)
    if trouble:
        return
    whole = planted(core.read_bytes() + exe.read_bytes())
    tap.check(f'{name}: the whole dump has {len(whole)} kinds', None if len(whole) >= 22 else 'only ' + shown(whole))
    kept = found(all_read.read_bytes())
    tap.check(f'{name}: not redacted it has {len(kept)} kinds', None if kept else 'none: this would find nothing')
    check_slim(core, exe, name, folder)
    check_bundle(core, name, folder, '--exe', exe)
    if b'goroutine ' in log.read_bytes():
        log.write_bytes(log.read_bytes().replace(bytes(1), b'')) # the program prints some; a log is text
        check_bundle(log, f'{name}, what it printed', folder)


def check_leaking(program, core, exe, folder):
    """Of a tornstack that does not change texts."""
    slim = folder / 'leaking'
    done = subprocess.run([program, 'slim', core, '--exe', exe, '--with-tables', '-o', slim], capture_output=True, check=False)
    kinds = found(slim.read_bytes()) if not done.returncode else {}
    tap.check(f'a build that leaves texts as they are is caught: {shown(kinds)}', None if kinds else f'nothing is found {done.stderr}')


def check_target(target, leaking, folder):
    system, _, cpu = target.partition('/')
    exe = build(folder, system, cpu)
    for how in ('segv', 'panic'):
        core, log = crash(exe, system, cpu, how, folder)
        if not tap.check(f'{target} {how}: left a dump', None if core else 'none'):
            continue
        check(core, exe, log, f'{target} {how}', folder)
        if leaking and how == 'panic':
            check_leaking(leaking, core, exe, folder)
        core.unlink()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--only', default='linux/amd64 linux/arm64 windows/amd64')
    parser.add_argument('--leaking', type=pathlib.Path, help='a tornstack that leaves texts as they are')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as name:
        for target in args.only.split():
            check_target(target, args.leaking and args.leaking.resolve(), pathlib.Path(name))
    tap.finish()


main()
