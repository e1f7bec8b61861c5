"""Processes that are looked at while they run: how a test starts one, and what must be true of it afterwards."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import tap
import traceback_text

READY_SECONDS = 30
RESTLESS = {'sleep', 'GC worker (idle)', 'GC scavenge wait', 'idle', 'select', 'IO wait'}


def unpack(case, folder, name='program'):
    """The executable of a case, to be run."""
    path = pathlib.Path(folder) / name
    subprocess.run(['zstd', '-dqf', tap.CASES / case / 'exe.zst', '-o', path], check=True)
    path.chmod(0o755)
    return path


def field(pid, name):
    match = re.search(rf'^{name}:\s*(.*)$', pathlib.Path(f'/proc/{pid}/status').read_text(), re.M)
    return match and match.group(1)


def threads(pid):
    """State of each thread: R, S, D, t (traced), T (stopped)."""
    states = []
    for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
        with contextlib.suppress(OSError):
            states.append((task / 'stat').read_text().rpartition(')')[2].split()[0])
    return states


def cpu_time(pid):
    words = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return int(words[11]) + int(words[12])


def held(pid, seconds=2):
    """Why a process does not run on as it did, or None. The kernel may need a moment for what a tracer left that was killed."""
    end = time.monotonic() + seconds
    while True:
        trouble = None
        if field(pid, 'TracerPid') != '0':
            trouble = f'it is traced by {field(pid, "TracerPid")}'
        elif set(threads(pid)) & {'t', 'T'}:
            trouble = f'threads are stopped: {threads(pid)}'
        if not trouble or time.monotonic() > end:
            return trouble
        time.sleep(0.01)


class Process:
    """A program that runs until the end of the `with`; what it prints is in a file."""

    def __init__(self, command, folder, ready=None, **environment):
        self.output = pathlib.Path(tempfile.mkstemp(dir=folder)[1])
        with open(self.output, 'wb') as out:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            start_new_session=True, env={'GOTRACEBACK': 'crash', **environment})
        self.pid = self.process.pid
        self.ready = ready

    def text(self):
        return self.output.read_bytes().decode(errors='replace')

    def __enter__(self):
        end = time.monotonic() + READY_SECONDS
        while self.ready and self.ready not in self.text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f'it is not ready: {self.text()[-500:]}')
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def quit(self):
        """What the runtime itself says of its goroutines: it ends."""
        os.kill(self.pid, signal.SIGQUIT)
        self.process.wait(READY_SECONDS)
        return traceback_text.parse(self.text())


def parked_difference(report, traceback):
    """Why a goroutine that waits is not what the runtime printed of it a moment later, or how few were compared; None."""
    compared, wrong = 0, []
    by_id = {goroutine['id']: goroutine for goroutine in report['goroutines']}
    for goroutine in traceback.goroutines:
        ours = by_id.get(goroutine.id)
        if not goroutine.id or not ours or ours['status'] != 'waiting' or goroutine.status in ('running', 'runnable', 'syscall'):
            continue
        if ours['wait_reason'] != goroutine.status and {ours['wait_reason'], goroutine.status} & RESTLESS:
            continue  # it woke meanwhile
        compared += 1
        difference = traceback_text.account_difference(goroutine, ours)
        if difference:
            wrong.append(f'goroutine {goroutine.id}: {difference}')
    return '\n'.join(wrong) or (None if compared >= 3 else f'{compared} goroutines compared')


def pause(report):
    """Milliseconds for which the process was stopped, as the report says."""
    return report['process']['live']['pause_ns'] / 1e6


def kernel_thread():
    """The number of one that this PID namespace shows, or None."""
    for path in pathlib.Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            if not (path / 'cmdline').read_bytes() and field(path.name, 'PPid') == '2':
                return int(path.name)
    return None


def no_namespaces(*more):
    """Why this machine lets nobody have a mount namespace of his own, with those options of unshare(1), or None."""
    done = subprocess.run(['unshare', '--mount', *more, 'sh', '-c', 'mount -t tmpfs none /tmp'], capture_output=True, text=True)
    return done.stderr.strip() or 'unshare failed' if done.returncode else None


def forbidden(folder):
    """Why this machine allows no process to be read, or None."""
    if os.uname().machine != 'x86_64':
        return 'the executables of the cases are for amd64'
    with Process([unpack('amd64-stuck', folder, 'probe'), 'order'], folder) as probe:
        time.sleep(0.3)
        done = tap.Run('-q', '--max-pause=5000', probe.pid)
        return done.err.strip() if done.status == 1 and re.search('ptrace', done.err) else None
