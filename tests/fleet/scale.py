#!/usr/bin/env python3
"""`tornstack triage` of many inputs, by a state file and by a history: the same result when it is killed at random and goes on, by several writers to
one database, and after there was no room; what it says of a damaged database; and, told only, how fast it is and how much memory it takes.

scale.py FOLDER [--inputs N] [--table FILE] [--seed N]; exit status 1 when something is not as it has to be. FOLDER keeps the inputs: logs and
dumps of fixtures/cases, again and again, each of other bytes.
"""
import argparse
import collections
import contextlib
import hashlib
import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap  # noqa: E402
from incidents import content_of, contents, opened, stamped  # noqa: E402
from live import table  # noqa: E402

KILLS, WRITERS, DUMP_EACH, SEVERAL_EACH, LARGEST = 10, 5, 8, 5, 1 << 20
ROOM, FEWEST = 300, 2000  # bytes for each input: less than what is known of it


# ---- inputs ----

def another_log(data, number):
    """Of another time; of some a log that holds the crash three times."""
    times = 1 if number % SEVERAL_EACH else 3
    return b''.join(stamped(data, 1700000000 + 600 * number + second) + f'start {number}\n'.encode() for second in range(times))


def another_dump(data, number):
    """With a frame that readers of zstd skip (RFC 8878, 3.1.2)."""
    text = str(number).encode()
    return data + struct.pack('<II', 0x184d2a50, len(text)) + text


def fill(folder, count):
    logs = sorted(tap.CASES.glob('*/expected.traceback'))
    dumps = sorted(path for path in tap.CASES.glob('*/dump.zst') if not path.is_symlink() and path.stat().st_size < LARGEST)
    for number in range(count):
        dump = number % DUMP_EACH == 0
        source = (dumps if dump else logs)[number // (DUMP_EACH if dump else 1) % len(dumps if dump else logs)]
        path = folder / f'host{number % 7}' / f'{number:06}-{source.parent.name}{".zst" if dump else ".log"}'
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes((another_dump if dump else another_log)(source.read_bytes(), number))
            os.utime(path, (1700000000 + 600 * number,) * 2)
    return [path for path in sorted(folder.glob('host*/*')) if int(path.name[:6]) < count]


# ---- runs ----

class Ended:
    """A run that ended by itself: lines, seconds, CPU time with that of its children, and the most memory that it had."""

    def __init__(self, args, paths):
        begun, self.parent = time.monotonic(), 0
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = start(args, paths, out, err)
            watcher = threading.Thread(target=self.watch, args=(process.pid,))
            watcher.start()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            watcher.join()
            self.seconds, self.status = time.monotonic() - begun, process.returncode
            self.cpu = usage.ru_utime + usage.ru_stime
            out.seek(0)
            err.seek(0)
            self.lines, self.err = out.read().splitlines(), err.read().decode(errors='replace')

    def watch(self, number):
        with contextlib.suppress(OSError):
            while True:
                lines = pathlib.Path(f'/proc/{number}/status').read_text().splitlines()
                peak = [int(line.split()[1]) for line in lines if line.startswith('VmHWM')]
                if not peak:
                    return
                self.parent = max(self.parent, *peak)
                time.sleep(0.02)

    def of_kind(self, *kinds):
        return sorted(line for line in self.lines if json.loads(line)['kind'] in kinds)

    def crashes(self):
        """With what could not be analysed."""
        return self.of_kind('input', 'crash')


def names_of(paths):
    """A file for standard input: there are too many names for arguments, and nobody would feed a pipe of a process that is killed."""
    names = tempfile.TemporaryFile()
    names.write(b'\n'.join(os.fsencode(path) for path in paths))
    names.seek(0)
    return names


def start(args, paths, out=subprocess.DEVNULL, err=subprocess.DEVNULL):
    with names_of(paths) as names:
        return subprocess.Popen([tap.TORNSTACK, 'triage', *args, *(['-'] if paths else [])], stdin=names, stdout=out, stderr=err,
                                env=tap.environment_of(), start_new_session=True)


def kill_at_random(args, paths, seconds, chance):
    """Ten times, over about the time that all of it takes."""
    for _ in range(KILLS):
        process = start(args, paths)
        time.sleep(chance.uniform(0, 2 * seconds / (KILLS + 2)))
        process.send_signal(signal.SIGKILL)
        process.wait()


def told(database):
    """But for the headline: it goes with the report that is kept, of any one of them."""
    done = subprocess.run([tap.TORNSTACK, 'history', '--db', database, '--json'], capture_output=True, env=tap.environment_of(), check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        del line['verdict']['headline']
    return sorted(json.dumps(line) for line in lines)


# ---- checks ----

def same(name, found, wanted):
    if found == wanted and wanted:
        return tap.check(name)
    odd = list((collections.Counter(map(str, found)) - collections.Counter(map(str, wanted))).elements())
    return tap.check(name, f'{len(found)} of {len(wanted)}; too many: {odd[:2]}')


def whole(paths, folder):
    """What there is to be: by a run that nothing disturbed. Each input is there once, by its own content."""
    state, database = folder / 'whole.state', folder / 'whole.db'
    by_state, by_database = Ended(['--json', '--state', state], paths), Ended(['--json', '--db', database], paths)
    for name, run in (('--state', by_state), ('--db', by_database)):
        tap.check(f'{name}: ends well', None if run.status in (0, 1) and not run.err.count('crash') else f'{run.status} {run.err[-2000:]}')
    inputs = [json.loads(line) for line in by_state.of_kind('input')]
    same('--state: each input is there once', sorted(line['path'] for line in inputs), sorted(map(str, paths)))
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    same('... by its content', {line['sha256'] for line in inputs}, hashes)
    same('--db: the same inputs', by_database.crashes(), by_state.crashes())
    same('... and the same clusters', by_database.of_kind('cluster'), by_state.of_kind('cluster'))
    same('the history has each crash once', [row[0] for row in contents(database)], sorted({content_of(json.loads(line)) for line in by_state.crashes() if b'"error":' not in line}))
    return by_state, by_database, database


def resumed(paths, folder, by_state, database, chance):
    """Both at once: the state and the history are written one after the other, and each end may be between the two."""
    state, other = folder / 'killed.state', folder / 'killed.db'
    kill_at_random(['--json', '--state', state, '--db', other], paths, by_state.seconds, chance)
    before = state.read_bytes().count(b'\n')
    done = Ended(['--json', '--state', state, '--db', other], paths)
    print(f'# killed {KILLS} times: the state had {before} lines of {len(paths)}')
    same(f'killed {KILLS} times and resumed: the same inputs', done.crashes(), by_state.crashes())
    same('... and the same clusters', done.of_kind('cluster'), by_state.of_kind('cluster'))
    same('... and the state has each line once', sorted(state.read_bytes().splitlines()), by_state.crashes())
    same('... and the history has the same crashes', contents(other), contents(database))
    same('... and the same clusters, told by the history', told(other), told(database))


def part(paths, folder, by_state):
    """Of some of the inputs: their lines, and a history of these."""
    names, state, database = set(map(str, paths)), folder / 'part.state', folder / 'part.db'
    lines = [line for line in by_state.crashes() if json.loads(line)['path'] in names]
    state.write_bytes(b''.join(line + b'\n' for line in lines))
    Ended(['-q', '--state', state, '--db', database], [])
    return lines, database


def several_writers(paths, folder, lines, database, seconds, chance):
    """Each has a part, and some that all have; two are killed on the way and begin again."""
    shared, other = paths[::10], folder / 'shared.db'

    def begin(writer):
        return start(['-j1', '-q', '--db', other], paths[writer::WRITERS] + shared, err=subprocess.PIPE)
    running = [begin(writer) for writer in range(WRITERS)]
    time.sleep(chance.uniform(0.1, 0.5) * seconds)
    for writer in range(2):
        running[writer].send_signal(signal.SIGKILL)
        running.append(begin(writer))
    said = [process.communicate()[1] for process in running]
    tap.check(f'{WRITERS} writers, two of them killed', None if all(process.returncode in (0, 1) for process in running[2:]) else said)
    same('... what one writes', contents(other), contents(database))
    same('... and the same clusters', told(other), told(database))
    same('... which is what there is', [row[0] for row in contents(other)], sorted({content_of(json.loads(line)) for line in lines if b'"error":' not in line}))


def on_small(paths, small, kept, args):
    """A run where everything is on a file system that has not enough room, and a copy of what it left there; None: nothing may be mounted."""
    small.mkdir(exist_ok=True)
    script = f'mount -t tmpfs -o size={ROOM * len(paths)} none {small}; "$@"; status=$?; cp -r {small} {kept}; exit $status'
    with names_of(paths) as names:
        done = subprocess.run(['unshare', '--mount', 'sh', '-c', script, 'sh', tap.TORNSTACK, 'triage', '-q', *args, '-'], stdin=names, capture_output=True,
                              env=tap.environment_of(), check=False)
    if b'unshare' in done.stderr or b'mount' in done.stderr:
        print(f'# no room: not tried, since this may mount nothing: {done.stderr.decode().strip()}')
        return None
    tap.check(f'{args[0]}: no room is an error, which names the file', None if done.returncode == 1 and args[1].name.encode() in done.stderr else
              f'{done.returncode} {done.stderr[-500:]}')
    return kept / args[1].name


def no_room(paths, folder, lines, database):
    """What is there before is kept, and goes on where there is more room."""
    small = folder / 'small'
    state = on_small(paths, small, folder / 'kept1', ['--state', small / 'full.state'])
    if not state:
        return
    first = state.read_bytes().splitlines()
    tap.check('... what was written is there', None if first and set(first) < set(lines) else len(first))
    same('... and it goes on with more room', Ended(['--json', '--state', state], paths).crashes(), lines)
    other = on_small(paths, small, folder / 'kept2', ['--db', small / 'full.db'])
    first, all_of_it = contents(other), contents(database)
    tap.check('... what was committed is there', None if first and set(first) < set(all_of_it) else len(first))
    Ended(['-q', '--db', other], paths)
    same('... and it goes on with more room', contents(other), all_of_it)


def damaged(paths, folder, database):
    """Pages in its middle are gone: that is said, and nothing is written to what is left."""
    broken = folder / 'broken.db'
    with opened(database) as connection:
        connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    data = bytearray(database.read_bytes())
    half = len(data) // 8192 * 4096
    data[half:half + half // 2] = bytes(half // 2)
    broken.write_bytes(data)
    done = subprocess.run([tap.TORNSTACK, 'history', '--db', broken], capture_output=True, env=tap.environment_of(), check=False)
    tap.check('a damaged database', None if done.returncode == 1 and b'damaged' in done.stderr and b'.recover' in done.stderr else f'{done.returncode} {done.stderr}')
    tap.check('... is left as it is', None if broken.read_bytes() == bytes(data) else 'it is not')
    run = Ended(['-q', '--db', broken], paths[:50])
    tap.check('... and triage ends with it, or adds to it', None if run.status == 0 or (run.status == 1 and 'broken.db' in run.err) else f'{run.status} {run.err}')


def figures(few, few_database, by_state, by_database, again):
    head = ['', 'inputs', 'seconds', 'inputs/s', 'CPU time, s', 'parent, peak MB']
    rows = [[name, str(count), f'{run.seconds:.1f}', f'{count / run.seconds:.0f}', f'{run.cpu:.0f}', f'{run.parent / 1024:.1f}']
            for name, count, run in (('`--state`', *few), ('`--db`', *few_database), ('`--state`', *by_state), ('`--db`', *by_database),
                                     ('`--state`, all done before', *again))]
    return '\n'.join(f'| {" | ".join(row)} |' for row in (head, ['---'] * len(head), *rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('--inputs', type=int, default=10000)
    parser.add_argument('--table')
    parser.add_argument('--seed', type=int, default=int(time.time()))
    options = parser.parse_args()
    if options.inputs < FEWEST:
        parser.error(f'at least {FEWEST} inputs: of fewer all has room')
    options.folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(options.seed)
    print(f'# --seed {options.seed}')
    paths = fill(options.folder.resolve(), options.inputs)
    with tempfile.TemporaryDirectory() as name:
        folder, tenth = pathlib.Path(name), paths[::10]
        few, few_database = Ended(['--json', '--state', folder / 'few'], tenth), Ended(['--json', '--db', folder / 'few.db'], tenth)
        by_state, by_database, database = whole(paths, folder)
        again = Ended(['--json', '--state', folder / 'whole.state'], paths)
        same('all done before: the same clusters', again.of_kind('cluster'), by_state.of_kind('cluster'))
        text = figures((len(tenth), few), (len(tenth), few_database), (len(paths), by_state), (len(paths), by_database), (len(paths), again))
        text = f'{table.date()}, {table.machine()}, `make check-fleet-scale`: {len(paths)} inputs.\n\n{text}'
        print(text, flush=True)
        resumed(paths, folder, by_state, database, chance)
        fifth = paths[::5]
        lines, their_database = part(fifth, folder, by_state)
        several_writers(fifth, folder, lines, their_database, by_state.seconds / 5, chance)
        no_room(fifth, folder, lines, their_database)
        damaged(paths, folder, database)
    if options.table:
        table.write(options.table, text, 'check-fleet-scale')
    tap.finish()


if __name__ == '__main__':
    main()
