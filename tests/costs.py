"""What a run may cost, and sound dumps that are changed so that they ask for more: for tests of inputs that claim much."""
import json
import os
import pathlib
import struct
import subprocess
import sys

import dump_file
import elf_file
import go_words
import tap

SECONDS, MEGABYTES = 5, 512
SANITIZED = tap.BUILD.name in ('asan', 'tsan') # slower, larger: only that it ends is asked
FREE = 0x7e0000000000 # where no core of the cases has memory


def cost(name, *args, statuses=(0,)):
    """One run, and what it took; pages of the dump's own file that are in memory count too. A process that was forked begins
    with the memory of its parent, and this one's is large: a small one stands between."""
    done = subprocess.run([sys.executable, __file__, str(tap.TORNSTACK), *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, env=tap.environment_of(), check=True)
    status, seconds, megabytes = json.loads(done.stdout)
    print(f'# {name}: {seconds:.1f} s, {megabytes:.0f} MB')
    detail = None if status in statuses else f'status {status}: {done.stderr[:1000]}'
    if not detail and not SANITIZED and (seconds > SECONDS or megabytes > MEGABYTES):
        detail = f'{seconds:.1f} s, {megabytes:.0f} MB'
    tap.check(name, detail)


def measure(command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
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
    measure(sys.argv[1:])
