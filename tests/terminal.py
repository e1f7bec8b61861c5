"""tornstack on a terminal, with input that comes slowly, and what then stands on the line where progress is shown."""
import contextlib
import fcntl
import os
import pathlib
import pty
import signal
import struct
import subprocess
import termios
import threading
import time

import tap

SILENT = 1.0  # seconds: a run that is shorter shows nothing
PIECES = 6
ON_DISK = '--max-size=1024T' # no CPU has so many addresses to set aside: what is decompressed goes into a file from the start


def take_interrupts():
    """Of what a shell starts in the background SIGINT is ignored, of what nohup starts SIGHUP, which tornstack respects."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def family(process):
    """The children of a process, and itself at last."""
    children = pathlib.Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
    return [*map(int, children), process.pid]


def open_files(process):
    """Where the descriptors of a process lead, and those of its children, one of which has the input."""
    for pid in family(process):
        try:
            for entry in pathlib.Path(f'/proc/{pid}/fd').iterdir():
                with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                    yield os.readlink(entry)
        except (FileNotFoundError, PermissionError):  # ended meanwhile; another user's
            pass


def parts(master):
    """What a terminal gets, as it comes, until nobody has it open any more."""
    with contextlib.suppress(OSError):  # EIO: nobody has
        while part := os.read(master, 1 << 16):
            yield part


class Screen:
    """What one line of a terminal shows, by character and carriage return; and whatever else was sent."""

    def __init__(self, sent):
        self.rows, self.column = [''], 0
        self.odd, self.seen = [], []
        for char in sent.decode('latin-1'):
            self.take(char)

    def take(self, char):
        row = self.rows[-1]
        if char == '\r':
            self.seen.append(row.rstrip())
            self.column = 0
        elif char == '\n':
            self.rows.append('')
            self.column = 0
        elif ' ' <= char < '\x7f':
            self.rows[-1] = row[:self.column].ljust(self.column) + char + row[self.column + 1:]
            self.column += 1
        else:
            self.odd.append(char)

    def text(self):
        return '\n'.join(row.rstrip() for row in self.rows)


class Run:
    """One run whose stderr is a terminal: status, out, sent (what the terminal got), screen. `act` is called with the
    process and this run while it goes on."""

    def __init__(self, *args, stdin=subprocess.DEVNULL, columns=80, act=None, cwd=None, **environment):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 25, columns, 0, 0))
        environment = tap.environment_of(**{'TERM': 'xterm', **environment})
        process = subprocess.Popen([str(tap.TORNSTACK), *map(str, args)], stdin=stdin, stdout=subprocess.PIPE, stderr=slave,
                                   env=environment, cwd=cwd, preexec_fn=take_interrupts)
        os.close(slave)
        self.sent, self.out = b'', b''
        readers = [threading.Thread(target=self.read_terminal, args=(master,)),
                   threading.Thread(target=self.read_output, args=(process.stdout,))]
        for reader in readers:
            reader.start()
        try:
            if act:
                act(process, self)
            self.status = process.wait(tap.TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.status = None
        for reader in readers:
            reader.join()
        os.close(master)
        process.stdout.close()
        self.screen = Screen(self.sent)

    def wait_for(self, text):
        """Until the terminal has got it, or long enough."""
        end = time.monotonic() + tap.TIMEOUT
        while text not in self.sent and time.monotonic() < end:
            time.sleep(0.01)

    def read_terminal(self, master):
        for part in parts(master):
            self.sent += part

    def read_output(self, stream):
        self.out = stream.read()


class SlowPipe:
    """A pipe that gives half of some bytes at once and, if it is to go on, the rest in pieces after more than SILENT."""

    def __init__(self, data, goes_on=True):
        self.reader, writer = os.pipe()
        self.writer = threading.Thread(target=self.write, args=(writer, data, goes_on), daemon=True)
        self.over = threading.Event()

    def write(self, writer, data, goes_on):
        half = len(data) // 2
        step = -(-(len(data) - half) // PIECES)
        try:
            with open(writer, 'wb', buffering=0) as pipe:
                pipe.write(data[:half])
                if not goes_on:
                    self.over.wait(tap.TIMEOUT)
                    return
                time.sleep(SILENT * 1.2)
                for at in range(half, len(data), step):
                    pipe.write(data[at:at + step])
                    time.sleep(0.12)
        except BrokenPipeError:
            pass

    def __enter__(self):
        self.writer.start()
        return self.reader

    def __exit__(self, *_):
        os.close(self.reader)
        self.over.set()
        self.writer.join()
