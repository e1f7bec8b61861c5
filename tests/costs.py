"""What a run may cost, and sound dumps that are changed so that they ask for more: for tests of inputs that claim much."""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import dump_file
import elf_file
import go_words
import tap

SECONDS, MEGABYTES = 5, 512
SANITIZED = tap.BUILD.name in ('asan', 'tsan') # slower, larger: only that it ends is asked
FREE = 0x7e0000000000 # where no core of the cases has memory


class Measured(tap.Run):
    """A run and what it took; pages of the dump's own file that are in memory count too. A process that was forked begins with the memory of its
    parent, and this one's is large: a small one stands between."""

    def __init__(self, *args):  # pylint: disable=super-init-not-called
        self.args = [str(arg) for arg in args]
        with tempfile.TemporaryFile() as out:
            done = subprocess.run([sys.executable, __file__, str(out.fileno()), str(tap.TORNSTACK), *self.args], stdin=subprocess.DEVNULL,
                                  capture_output=True, env=tap.environment_of(), check=True, pass_fds=[out.fileno()])
            out.seek(0)
            self.out = out.read()
        self.status, self.seconds, self.megabytes = json.loads(done.stdout)
        self.err = done.stderr.decode(errors='replace')
        self.read_report()


def cost(name, *args, statuses=(0,)):
    """That it costs little. The run, for what else is asked of it."""
    run = Measured(*args)
    print(f'# {name}: {run.seconds:.1f} s, {run.megabytes:.0f} MB')
    detail = None if run.status in statuses else f'status {run.status}: {run.err[:1000]}'
    if not detail and not SANITIZED and (run.seconds > SECONDS or run.megabytes > MEGABYTES):
        detail = f'{run.seconds:.1f} s, {run.megabytes:.0f} MB'
    tap.check(name, detail)
    return run


def measure(out, command):
    process = subprocess.Popen(command, stdout=out)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps([process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))


class Sound:
    """The core of a case whose executable has symbols, and where things are in it."""

    def __init__(self, case, folder):
        self.folder = pathlib.Path(folder)
        self.exe = ['--exe', dump_file.unpacked(tap.CASES / case / 'exe.zst', folder)]
        path = dump_file.unpacked(tap.CASES / case / 'dump.zst', folder)
        self.elf = elf_file.Elf(path.read_bytes())
        report = tap.Run(path, *self.exe, '--json', '--goroutines=all').report
        self.goroutines = len(report['goroutines'])
        self.words = go_words.Words(self.elf, report, self.exe[1].read_bytes())

    def write(self, memory=(), notes=b'', words=()):
        """A core with these additions and these words of memory changed."""
        copy = elf_file.Elf(bytes(self.elf.data))
        for address, value in dict(words).items():
            copy.set_word(address, value)
        path = self.folder / 'grown'
        path.write_bytes(go_words.grown(bytes(copy.data), memory, notes))
        return path

    def g(self, template, **fields):
        """A structure of a goroutine, with these fields."""
        g = bytearray(template)
        for name, value in fields.items():
            struct.pack_into('<Q', g, self.words.layout[f'g_{name}'], value & (1 << 64) - 1)
        return bytes(g)


def with_programs(data, added):
    """An ELF file with more program headers; of more than 65,534 section header 0 has the number (gABI, PN_XNUM)."""
    elf = elf_file.Elf(data)
    headers = elf.programs + added
    copy = bytearray(data)
    struct.pack_into('<Q', copy, 32, len(copy))
    struct.pack_into('<H', copy, 56, min(len(headers), 0xffff))
    copy += b''.join(struct.pack('<IIQQQQQQ', *header) for header in headers)
    if len(headers) >= 0xffff:
        struct.pack_into('<Q', copy, 40, len(copy))
        struct.pack_into('<HHH', copy, 58, 64, 1, 0)
        copy += struct.pack('<IIQQQQIIQQ', 0, 0, 0, 0, 0, 1, 0, len(headers), 0, 0)
    return bytes(copy)


if __name__ == '__main__':
    measure(int(sys.argv[1]), sys.argv[2:])
