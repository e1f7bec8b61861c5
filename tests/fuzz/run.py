#!/usr/bin/env python3
"""Fuzzes: each target of targets.txt for a time, from the corpus that is committed, that of earlier runs and seeds (seeds.c).

usage: tests/fuzz/run.py --build DIR [--seconds N] [--jobs N] [--table FILE] [--minimise] [TARGET…]

A find stops its target; the input is left in DIR/finds. What ran is added up in tally.json, which is committed, so that hours of several
machines count: of the target and the code of its rooms as they are, and apart from it of what they were earlier; --table writes that into a file,
between two comments. --minimise replaces the committed corpus by the smallest files that reach as much. Exit status 1: something was found."""
import argparse
import concurrent.futures
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORPUS = HERE / 'corpus'
TALLY = HERE / 'tally.json'
MARKS = ('<!-- fuzz -->', '<!-- /fuzz -->')
# Wall-clock seconds for one input: what is slow is told by the targets, in CPU time. Megabytes: sanitizers' shadow and quarantine.
OPTIONS = ('-timeout=600', '-rss_limit_mb=3000', '-print_final_stats=1')
# The first bytes of real files are seeds: target, file of fixtures/cases.
REAL = (('elf_core', 'amd64-quit-stripped/dump.zst'), ('elf_core', 'arm64-leaf-unwind-stripped/dump.zst'),
        ('elf_core', 'amd64-cgo-stripped/dump.zst'), ('minidump', 'windows-amd64-late-crash-stripped/dump.zst'),
        ('minidump', 'windows-arm64-torn/dump.zst'), ('elf_exe', 'amd64-quit-stripped/exe.zst'),
        ('elf_exe', 'amd64-cgo/exe.zst'), ('pe_exe', 'windows-amd64-late-crash-stripped/exe.zst'))
SEED_BYTES = 8192
INTERRUPTED = 72 # libFuzzer's status when a signal ended it (FuzzerOptions.h, InterruptExitCode)
FILE_LIMIT, BYTES_LIMIT, KEPT = 4096, 24 << 10, 40  # what is committed: of a file, of a target's files, how many


class Target:
    def __init__(self, line, build):
        self.name, self.longest, rooms, self.covers = (part.strip() for part in line.split(';'))
        self.rooms = rooms.split()
        self.program = build / 'tests/fuzz/targets' / self.name
        self.corpus, self.seeds = build / 'corpus' / self.name, build / 'seeds' / self.name
        self.finds = build / 'finds'
        self.committed = CORPUS / self.name
        for folder in (self.corpus, self.seeds, self.finds, self.committed):
            folder.mkdir(parents=True, exist_ok=True)

    def state(self):
        """Of the code that it runs."""
        digest = hashlib.sha256((HERE / 'targets' / f'{self.name}.c').read_bytes())
        for room in self.rooms:
            for path in sorted((ROOT / room).rglob('*')):
                if path.suffix in ('.c', '.h', '.def', '.inc'):
                    digest.update(path.read_bytes())
        return digest.hexdigest()

    def dictionary(self):
        path = HERE / 'dictionaries' / f'{self.name}.dict'
        return [f'-dict={path}'] if path.exists() else []


def targets(build):
    lines = (HERE / 'targets.txt').read_text(encoding='utf-8').splitlines()
    found = [Target(line, build) for line in lines if line.strip() and not line.startswith('#')]
    sources = {path.stem for path in (HERE / 'targets').glob('*.c')}
    if sources != {target.name for target in found}:
        sys.exit(f'targets.txt and targets/ differ: {sources ^ {target.name for target in found}}')
    return found


def environment():
    return dict(os.environ, ASAN_OPTIONS='detect_stack_use_after_return=1:quarantine_size_mb=16:malloc_context_size=4:allocator_may_return_null=1',
                UBSAN_OPTIONS='halt_on_error=1:print_stacktrace=1', TMPDIR='/tmp')


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def fuzz(target, seconds):
    """Runs it once. Returns executions, edges, CPU seconds, and the end of its output if it found something."""
    command = [str(target.program), f'-max_total_time={seconds}', f'-max_len={target.longest}', *OPTIONS,
               f'-artifact_prefix={target.finds}/{target.name}-', *target.dictionary(),
               str(target.corpus), str(target.committed), str(target.seeds)]
    log = target.finds.parent / f'{target.name}.log'
    with open(log, 'w', encoding='utf-8') as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(encoding='utf-8', errors='replace')
    seconds = usage.ru_utime + usage.ru_stime
    return (number(r'stat::number_of_executed_units: (\d+)', text), number(r' cov: (\d+)', text), seconds,
            text[-6000:] if process.returncode not in (0, INTERRUPTED) else None)


def seed(build):
    subprocess.run([str(build / 'tests/fuzz/seeds'), str(build / 'seeds')], check=True)
    for name, path in REAL:
        data = (ROOT / 'fixtures/cases' / path).read_bytes()
        if path.endswith('.zst'):
            data = subprocess.run(['zstd', '-dcq', '--long=31'], input=data, check=True, stdout=subprocess.PIPE).stdout
        (build / 'seeds' / name / path.replace('/', '-')).write_bytes(data[:SEED_BYTES])


class Tally:
    """What was run of the code as it is, and in `earlier` what of code before it, or until a find. Several runs share the file."""

    def __init__(self, path):
        self.path, self.lock = path, threading.Lock()

    def read(self):
        return json.loads(self.path.read_text() or '{}') if self.path.exists() else {}

    @staticmethod
    def current(target, kept):
        kept = kept.get(target.name, {'state': None, 'executions': 0, 'edges': 0, 'seconds': 0.0, 'earlier': 0.0})
        state = target.state()
        if kept['state'] == state:
            return kept
        return {'state': state, 'executions': 0, 'edges': 0, 'seconds': 0.0, 'earlier': kept['earlier'] + kept['seconds']}

    def of(self, target):
        return self.current(target, self.read())

    def add(self, target, executions, edges, seconds, found):
        with self.lock, open(self.path, 'a', encoding='utf-8') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            every = self.read()
            kept = self.current(target, every)
            if found:
                kept = dict(kept, executions=0, edges=0, seconds=0.0, earlier=kept['earlier'] + kept['seconds'] + seconds)
            else:
                kept = dict(kept, executions=kept['executions'] + executions, edges=max(kept['edges'], edges),
                            seconds=kept['seconds'] + seconds)
            every[target.name] = kept
            self.path.write_text(json.dumps(every, indent=1) + '\n')


def table(all_targets, tally):
    lines = ['| target | what it covers | executions | edges | CPU hours | earlier |', '|---|---|---:|---:|---:|---:|']
    every = [(target, tally.of(target)) for target in all_targets]
    for target, kept in every:
        lines.append(f'| {target.name} | {target.covers} | {kept["executions"]:,} | {kept["edges"]:,} | {kept["seconds"] / 3600:.3f} '
                     f'| {kept["earlier"] / 3600:.3f} |')
    executions, seconds, earlier = (sum(kept[key] for _, kept in every) for key in ('executions', 'seconds', 'earlier'))
    lines.append(f'| all | | {executions:,} | | {seconds / 3600:.3f} | {earlier / 3600:.3f} |')
    return '\n'.join(lines)


def write_table(path, text):
    before, _, rest = path.read_text(encoding='utf-8').partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    path.write_text(f'{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}', encoding='utf-8')


def minimise(target):
    """Keeps what was found wrong once, whose name says so, and of the rest the smallest that reach as much, within limits."""
    merged = target.corpus.parent / f'{target.name}.merged'
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir()
    subprocess.run([str(target.program), '-merge=1', f'-max_len={min(int(target.longest), FILE_LIMIT)}', *OPTIONS, str(merged), str(target.committed),
                    str(target.corpus), str(target.seeds)], cwd=ROOT, env=environment(), check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    files, size = sorted(merged.iterdir(), key=lambda path: path.stat().st_size)[:KEPT], 0
    for old in target.committed.iterdir():
        if re.fullmatch('[0-9a-f]{40}', old.name):
            old.unlink()
    for path in files:
        size += path.stat().st_size
        if size > BYTES_LIMIT:
            break
        shutil.copy(path, target.committed / hashlib.sha1(path.read_bytes()).hexdigest())
    print(f'{target.name}: {len(list(target.committed.iterdir()))} files', flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--table', type=pathlib.Path)
    parser.add_argument('--minimise', action='store_true')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()

    build = options.build.resolve()
    every = targets(build)
    chosen = [target for target in every if not options.names or target.name in options.names]
    tally = Tally(TALLY)
    seed(build)
    if options.minimise:
        for target in chosen:
            minimise(target)
        return 0
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for target, result in zip(chosen, pool.map(lambda one: fuzz(one, options.seconds), chosen)):
            executions, edges, seconds, found = result
            tally.add(target, executions, edges, seconds, found)
            print(f'{"FOUND" if found else "ok":5} {target.name:12} {executions:10,} executions {edges:6,} edges {seconds:8.0f} s',
                  flush=True)
            if found:
                failed += 1
                print(found)
    if options.table:
        write_table(options.table, table(every, tally))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
