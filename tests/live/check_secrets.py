#!/usr/bin/env python3
"""Redacted slim dumps hold no secret: a program with one of each kind crashes, by a fault and by a panic, on both CPUs, and neither
the slim dump nor any report of it has any of them, in any of the forms that secrets are found in. A dump that was not redacted, and
a whole one, are looked at too: a search that finds nothing there would prove nothing.

usage: tests/live/check_secrets.py [--cpu "amd64 arm64"]    needs Go, and qemu-aarch64 for arm64"""
import argparse
import base64
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tests'))
import tap  # noqa: E402

LETTERS = b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
KINDS = {1: 'heap string', 2: 'bytes in a heap object', 3: 'string of an object behind another', 4: 'argument', 5: 'environment',
         6: 'global string', 7: 'bytes of a global', 8: 'words of a global', 9: 'key of a map', 10: 'value of a map',
         11: 'string in a channel', 12: 'bytes in a channel', 13: 'large buffer', 14: 'value of a panic that was recovered',
         15: 'object in a pool', 16: 'buffered output', 17: 'value of a context', 18: 'variable of a closure of a timer',
         19: 'stack of functions that returned', 20: 'memory and files mapped beside Go\'s', 21: 'value of a panic', 22: 'label of goroutines',
         23: 'stack of a parked goroutine', 24: 'stack and arguments', 25: 'words in registers and arguments', 26: 'name of a mapped file',
         27: 'folder of the program'}
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


def build(folder, cpu):
    exe = folder / f'secrets-{cpu}'
    subprocess.run(['go', 'build', '-trimpath', '-o', str(exe), '.'], cwd=ROOT / 'tests/live/secrets', check=True,
                   env=dict(os.environ, GOARCH=cpu, GOOS='linux', CGO_ENABLED='0', GOFLAGS='-buildvcs=false'))
    return exe


def crash(exe, cpu, how, folder):
    """The core of a crash, in a folder whose name is secret."""
    place = folder / f'{secret(27).decode()}-{cpu}-{how}'
    place.mkdir()
    program = shutil.copy(exe, place / 'secrets')
    command = ['qemu-aarch64'] if cpu == 'arm64' and os.uname().machine == 'x86_64' else []
    subprocess.run(['sh', '-c', 'ulimit -c unlimited; exec "$@"', 'sh', *command, str(program), how, secret(4).decode()], cwd=place,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False,
                   env={'TOKEN': secret(5).decode(), 'GOTRACEBACK': 'crash', 'PATH': os.environ['PATH']})
    cores = [path for path in place.iterdir() if 'core' in path.name]
    return cores[0] if cores else None


def outputs(slim, exe):
    """Every form of report of a slim dump."""
    for options in (['--json', '--goroutines=all', '-v'], ['-v'], [], ['--traceback'], ['--markdown'], ['--brief'],
                    ['--html'], ['--format=folded'], ['--format=pprof'],
                    ['--unmasked', '-v']):
        for given in (['--exe', exe], []):
            run = tap.Run(slim, *given, *options)
            yield f'{" ".join(options) or "text"}{"" if given else ", no executable"}', run.out + run.err.encode()


def shown(kinds):
    return ', '.join(f'{KINDS[kind]} ({form})' for kind, form in kinds.items())


def check(core, exe, name, folder):
    args = [core, '--exe', exe]
    slim, all_read = folder / 'slim', folder / 'unredacted'
    trouble = tap.Run('slim', *args, '-o', slim).trouble(0) or tap.Run('slim', *args, '--unredacted', '-o', all_read).trouble(0)
    tap.check(f'{name}: slim', trouble)
    if trouble:
        return
    whole = planted(core.read_bytes())
    tap.check(f'{name}: the whole dump has {len(whole)} kinds', None if len(whole) >= 22 else 'only ' + shown(whole))
    kept = found(all_read.read_bytes())
    tap.check(f'{name}: not redacted it has {len(kept)} kinds', None if kept else 'none: this would find nothing')
    tap.check(f'{name}: redacted it has none', shown(found(slim.read_bytes())))
    for form, text in outputs(slim, exe):
        tap.check(f'{name}: {form}', shown(found(text)) or (None if text else 'nothing was printed'))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cpu', default='amd64 arm64')
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as name:
        folder = pathlib.Path(name)
        for cpu in parser.parse_args().cpu.split():
            exe = build(folder, cpu)
            for how in ('segv', 'panic'):
                core = crash(exe, cpu, how, folder)
                if tap.check(f'{cpu} {how}: left a core', None if core else 'none'):
                    check(core, exe, f'{cpu} {how}', folder)
                    core.unlink()
    tap.finish()


main()
