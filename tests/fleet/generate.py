#!/usr/bin/env python3
"""Makes a set of crashes whose causes are known: dumps and logs of fixtures/src/crashes and fixtures/src/fleet, built by several releases of Go, in
several ways, for several CPUs.

generate.py FOLDER [--go RELEASES] [--build WAYS]: FOLDER/RELEASE-WAY/PROGRAM/ has the executable, dumps (compressed) and logs; FOLDER/labels.tsv
says of each: path, root cause, release, way, kind. What is there already is not made again.
"""
import argparse
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap
from live import fingerprints, process

FLEET = tap.ROOT / 'fixtures/src/fleet'
LEVELS = ('single', 'all', 'system')  # of GOTRACEBACK, beside crash
SECONDS = 60


def build_fleet(way, release, folder):
    sources = folder / 'fleet'
    shutil.copytree(FLEET, sources)
    environment = dict(os.environ, GOOS=way.machine.os, GOARCH=way.machine.architecture, CGO_ENABLED='0')
    status, output = process.run([fingerprints.GO, release, 'build', '-buildvcs=false', *way.flags, '-o', folder / 'exe', '.'],
                                 fingerprints.BUILD_SECONDS, cwd=sources, env=environment)
    if status:
        raise process.Failure(f'it does not build: {output[-2000:]}')
    return folder / 'exe'


def log_of(way, exe, words, level, folder):
    """What it prints as it dies; of what waits for a signal nothing, since only with `crash` that prints all the same."""
    runner = [] if way.native else [shutil.which(way.machine.emulator), *(['-L', way.machine.sysroot] if way.cgo else [])]
    done = subprocess.run(['prlimit', '--core=0', 'env', '-i', f'GOTRACEBACK={level}', *runner, exe, *words], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    return done.stderr


def keep_core(core, path):
    subprocess.run(['zstd', '-q', '-1', '-f', core, '-o', path], check=True)


class Set:
    def __init__(self, folder):
        self.folder = folder
        self.labels = folder / 'labels.tsv'
        lines = self.labels.read_text().splitlines() if self.labels.exists() else []
        self.known = {line.split('\t')[0] for line in lines}

    def has(self, path):
        return str(path.relative_to(self.folder)) in self.known

    def add(self, path, cause, release, way, kind):
        name = str(path.relative_to(self.folder))
        self.known.add(name)
        with open(self.labels, 'a', encoding='utf-8') as out:
            out.write('\t'.join((name, cause, release, way.name, kind)) + '\n')


def take_logs(made, way, release, exe, words, cause, stem):
    for level in LEVELS:
        path = stem.parent / f'{stem.name}.{level}.log'
        if made.has(path):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            path.write_bytes(log_of(way, exe, words, level, scratch))
        made.add(path, cause, release, way, 'log')


def take_core(made, way, release, exe, words, cause, stem):
    path = stem.parent / f'{stem.name}.zst'
    if made.has(path):
        return
    with tempfile.TemporaryDirectory(dir=stem.parent) as scratch:
        keep_core(fingerprints.die(way, exe, *words, pathlib.Path(scratch)), path)
    made.add(path, cause, release, way, 'core')


def crashes(made, way, release, folder, endings):
    folder.mkdir(parents=True, exist_ok=True)
    exe = folder / 'exe'
    if not exe.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            shutil.move(fingerprints.build(way, release, pathlib.Path(scratch)), exe)
    for ending in filter(way.dies_of, endings):
        if ending in fingerprints.DEEPER and 'stripped' in way.name:
            continue  # the names of C are gone that tell it from others
        cause, stem = f'crashes/{ending}', folder / ending
        take_core(made, way, release, exe, [ending], cause, stem)
        if ending not in (*fingerprints.SIGNALLED, *fingerprints.DEEPER):  # a log has no names of C
            take_logs(made, way, release, exe, [ending], cause, stem)


def routes(made, way, release, folder):
    folder.mkdir(parents=True, exist_ok=True)
    exe = folder / 'exe'
    if not exe.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            shutil.move(build_fleet(way, release, pathlib.Path(scratch)), exe)
    names = subprocess.run([*([] if way.native else [way.machine.emulator]), exe], capture_output=True, text=True, check=True).stdout
    for bug, route in (line.split() for line in names.splitlines()):
        cause, stem = f'fleet/{bug}', folder / f'{bug}-{route}'
        path = stem.parent / f'{stem.name}.single.log'
        if not made.has(path):
            path.write_bytes(log_of(way, exe, [bug, route], 'single', folder))
            made.add(path, cause, release, way, 'log')


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('--go', type=str.split, default=fingerprints.RELEASES)
    parser.add_argument('--build', type=fingerprints.names_of, default=[name for name in fingerprints.WAYS if 'windows' not in name])
    parser.add_argument('--ending', type=str.split, default=[])
    return parser.parse_args()


def main():
    options = arguments()
    options.folder.mkdir(parents=True, exist_ok=True)
    made, failures = Set(options.folder), []
    endings = fingerprints.endings_of(options)
    for release, way in itertools.product(options.go, (fingerprints.WAYS[name] for name in options.build)):
        if way.impossible():
            print(f'--    go{release} {way.name}: {way.impossible()}', flush=True)
            continue
        folder = options.folder / f'{release}-{way.name.replace(" ", "-")}'
        for make in (lambda: crashes(made, way, release, folder / 'crashes', endings),
                     lambda: routes(made, way, release, folder / 'fleet') if not way.cgo else None):
            try:
                make()
            except (process.Failure, subprocess.SubprocessError, OSError) as failure:
                failures.append(f'go{release} {way.name}: {failure}')
        print(f'go{release} {way.name}: {len(made.known)} inputs so far', flush=True)
    print(*(f'FAIL  {line}' for line in failures), f'{len(made.known)} inputs, {len(failures)} failures', sep='\n')


if __name__ == '__main__':
    main()
