#!/usr/bin/env python3
"""Damaged executables and archives, scanned: an answer or an error, in bounded time and memory, and no exposure made up."""
import io
import pathlib
import random
import struct
import subprocess
import tarfile
import tempfile
import zipfile

import tap

CASES = ('arm64-leaf-unwind-stripped', 'windows-amd64-late-crash-stripped', 'amd64-cgo')
ROUNDS = 400 if tap.FULL else 25


def unpacked(case):
    return subprocess.run(['zstd', '-dqc', tap.CASES / case / 'exe.zst'], stdout=subprocess.PIPE, check=True).stdout


def survives(name, path, *args):
    done = tap.Run('scan', '--json', *args, path)
    if done.status is None or done.status not in (0, 1) or 'Sanitizer' in done.err or 'runtime error' in done.err:
        tap.check(name, f'status {done.status}\n{done.err[-3000:]}')
    return done


def garbage(folder):
    noise = random.Random(2)
    contents = {
        'empty': b'', 'magic': b'\x7fELF', 'elf and noise': b'\x7fELF\x02\x01\x01' + noise.randbytes(1 << 16),
        'mz and noise': b'MZ' + noise.randbytes(1 << 16),
        'pe header and noise': b'MZ' + bytes(58) + struct.pack('<I', 64) + b'PE\0\0\x64\x86' + noise.randbytes(1 << 16),
        'ar and noise': b'!<arch>\n' + noise.randbytes(1 << 16), 'zip and noise': b'PK\3\4' + noise.randbytes(1 << 16),
        'gzip and noise': b'\x1f\x8b\x08' + noise.randbytes(1 << 16), 'tar and noise': noise.randbytes(257) + b'ustar' +
        noise.randbytes(1 << 16), 'cpio and noise': b'070701' + noise.randbytes(1 << 16),
        'rpm and noise': b'\xed\xab\xee\xdb' + noise.randbytes(1 << 16),
    }
    for name, content in contents.items():
        path = folder / 'input'
        path.write_bytes(content)
        done = survives(name, path)
        tap.check(f'{name}: refused', None if done.status == 1 else f'status {done.status}: {done.out[:300]}')


def cuts(folder):
    for case in CASES:
        data = unpacked(case)
        path = folder / 'cut'
        for part in range(1, 20):
            path.write_bytes(data[:len(data) * part // 20])
            survives(f'{case}: {part}/20', path)
        for size in (1, 63, 64, 65, 120, 511, 512, 4095, 4096, 4097):
            path.write_bytes(data[:size])
            survives(f'{case}: {size} bytes', path)
        tap.check(f'{case}: cuts survived')


def survives_noise(name, folder, whole, places, noise):
    """The file with other bytes at some places."""
    data = bytearray(whole)
    for place in places:
        data[place] = noise.randrange(256)
    path = folder / 'noise'
    path.write_bytes(data)
    survives(name, path)


def flips(folder):
    noise = random.Random(3)
    for case in CASES:
        whole = unpacked(case)
        heads = (0x1000, len(whole))
        for number in range(ROUNDS):
            places = (noise.randrange(heads[number % 2]) for _ in range(1 << noise.randrange(10)))
            survives_noise(f'{case}: round {number}', folder, whole, places, noise)
        tap.check(f'{case}: flips survived')


def tables(folder):
    """Bytes of the tables that the scan reads most: where Go's table of functions lies."""
    noise = random.Random(4)
    for case in CASES:
        whole = unpacked(case)
        at = whole.find(b'\xf1\xff\xff\xff\0\0')
        for number in range(ROUNDS):
            reach = min(1 << (8 + number % 13), len(whole) - at)
            survives_noise(f'{case}: tables {number}', folder, whole, (at + noise.randrange(reach) for _ in range(200)), noise)
        tap.check(f'{case}: tables survived')


def archives(folder):
    noise = random.Random(5)
    exe = unpacked(CASES[0])
    buffers = {}
    for mode in ('w:xz', 'w:gz', 'w'):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=mode) as tar:
            entry = tarfile.TarInfo('p')
            entry.size = len(exe)
            tar.addfile(entry, io.BytesIO(exe))
        buffers[mode] = buffer.getvalue()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('p', exe)
    buffers['zip'] = buffer.getvalue()
    path = folder / 'archive'
    for name, whole in buffers.items():
        for number in range(ROUNDS):
            data = bytearray(whole[:noise.randrange(1, len(whole))] if number % 2 else whole)
            for _ in range(number % 5):
                data[noise.randrange(len(data))] = noise.randrange(256)
            path.write_bytes(data)
            survives(f'{name}: round {number}', path)
        tap.check(f'{name}: damaged archives survived')


def bomb(folder):
    """Much of little: a member larger than the limit costs an error, not the disk."""
    path = folder / 'bomb.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('p', b'\x7fELF' + bytes(1 << 28))
    done = survives('bomb', path, '--max-size', '16M')
    tap.check('bomb: limited', None if done.status == 1 and b'"limit"' in done.out else f'{done.status} {done.out[:300]}')


def names(folder):
    """Names are hostile, too."""
    path = folder / 'evil\x1b[31m\n.exe'
    path.write_bytes(unpacked(CASES[0]))
    for form in ('--color=never', '--json', '--sarif'):
        done = tap.Run('scan', form, path)
        tap.check(f'{form}: control characters escaped', None if b'\x1b' not in done.out else 'they are not')


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in (garbage, cuts, flips, tables, archives, bomb, names):
            part(folder)
    tap.finish()


main()
