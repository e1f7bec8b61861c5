#!/usr/bin/env python3
"""Executables in archives and folders: found wherever they are, named by where they were found, and nothing else."""
import io
import os
import pathlib
import subprocess
import tarfile
import tempfile
import zipfile

import tap
from scan_run import same, scan, unpacked


def ar_member(name, data, mode='100644'):
    header = f'{name:<16}{0:<12}{0:<6}{0:<6}{mode:<8}{len(data):<10}`\n'.encode()
    return header + data + b'\n' * (len(data) % 2)


def tar_of(files, mode):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo('./usr/bin/link')
        link.type, link.linkname = tarfile.SYMTYPE, 'program'
        tar.addfile(link)
    return buffer.getvalue()


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def deb_of(files):
    return (b'!<arch>\n' + ar_member('debian-binary', b'2.0\n') + ar_member('control.tar.xz', tar_of({}, 'w:xz')) +
            ar_member('data.tar.xz', tar_of(files, 'w:xz')))


def paths(report):
    return [binary['path'] for binary in report['binaries']]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        leaf = unpacked('arm64-leaf-unwind-stripped', folder, 'program').read_bytes()
        rsan = unpacked('windows-amd64-late-crash-stripped', folder, 'program.exe').read_bytes()
        plain, _ = scan(folder / 'program')
        files = {'./usr/bin/program': leaf, './usr/share/doc/README': b'text\n' * 1000, './empty': b''}
        archives = {
            'a.deb': (deb_of(files), 'data.tar.xz/usr/bin/program'),
            'b.tar.gz': (tar_of(files, 'w:gz'), 'usr/bin/program'),
            'c.tar': (tar_of(files, 'w'), 'usr/bin/program'),
            'd.zip': (zip_of({'bin/program': leaf, 'x/y.txt': b'y' * 9999}), 'bin/program'),
            'e.zip': (zip_of({'inner.deb': deb_of(files)}), 'inner.deb/data.tar.xz/usr/bin/program'),
            'libfun.a': (b'!<arch>\n' + ar_member('program/', leaf, '644'), 'program'),
            'f.zst': (subprocess.run(['zstd', '-qc'], input=leaf, stdout=subprocess.PIPE, check=True).stdout, ''),
        }
        for archive, (data, inside) in archives.items():
            (folder / archive).write_bytes(data)
            report, status = scan('--exit-code', folder / archive)
            where = f'{folder / archive}{"/" if inside else ""}{inside}'
            same(f'{archive}: its path', (status, paths(report)), (3, [where]))
            same(f'{archive}: the same findings', [b['findings'] for b in report['binaries']],
                 [b['findings'] for b in plain['binaries']])

        (folder / 'two.zip').write_bytes(zip_of({'1': rsan, '2': leaf, '3': b'\x7fELF' + b'\0' * 600}))
        report, status = scan(folder / 'two.zip')
        same('two.zip: both, and what is damaged', (status, paths(report), len(report['failures'])),
             (1, [f'{folder}/two.zip/1', f'{folder}/two.zip/2'], 1))

        (folder / 'none.zip').write_bytes(zip_of({'x': b'x' * 2000}))
        report, status = scan(folder / 'none.zip')
        same('none.zip: said', (status, [f['code'] for f in report['failures']]), (1, ['absent']))

        deep = leaf
        for _ in range(8):
            deep = zip_of({'z.zip': deep})
        (folder / 'deep.zip').write_bytes(deep)
        report, status = scan(folder / 'deep.zip')
        same('deep.zip: not followed for ever', (status, paths(report)), (1, []))

        tree = folder / 'tree/sub'
        tree.mkdir(parents=True)
        (tree / 'b').write_bytes(leaf)
        (folder / 'tree/a.deb').write_bytes(archives['a.deb'][0])
        (folder / 'tree/z.exe').write_bytes(rsan)
        (tree / 'notes.txt').write_text('nothing')
        (tree / 'loop').symlink_to('..')
        (tree / 'again').symlink_to('b')
        os.mkfifo(tree / 'pipe')
        report, status = scan(folder / 'tree')
        same('a folder', (status, paths(report)),
             (0, [f'{folder}/tree/a.deb/data.tar.xz/usr/bin/program', f'{folder}/tree/z.exe', f'{tree}/b']))
        (folder / 'empty').mkdir()
        same('an empty folder', scan(folder / 'empty')[1], 1)
        limited, status = scan('--max-size', '100K', folder / 'a.deb')
        same('--max-size', (status, [f['code'] for f in limited['failures']]), (1, ['limit']))
    tap.finish()


main()
