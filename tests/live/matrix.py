"""What is crossed: releases of Go, CPUs, ways to build. A cell is one of each, and one executable."""
import collections
import dataclasses
import os
import pathlib
import platform
import shutil
import threading

RELEASES = ('1.18.10', '1.19.13', '1.20.14', '1.21.13', '1.22.12', '1.23.12', '1.24.13', '1.25.14', '1.26.11', '1.27.4')
# Further ones on Windows: patch releases between those whose layouts differ.
WINDOWS_RELEASES = ('1.21.9', '1.24.9', '1.26.5')


@dataclasses.dataclass(frozen=True)
class Cpu:
    name: str            # GOARCH, or GOOS-GOARCH
    machine: str         # as uname has it
    emulator: str        # user-mode qemu
    compiler: str        # the cross compiler
    interpreter: str     # what dynamic programs ask for
    sysroot: str         # where the cross compiler's libraries are
    os: str = 'linux'

    @property
    def architecture(self):
        """GOARCH."""
        return self.name.rsplit('-', 1)[-1]


CPUS = {
    'amd64': Cpu('amd64', 'x86_64', 'qemu-x86_64', 'x86_64-linux-gnu-gcc', 'lib64/ld-linux-x86-64.so.2',
                 '/usr/x86_64-linux-gnu'),
    'arm64': Cpu('arm64', 'aarch64', 'qemu-aarch64', 'aarch64-linux-gnu-gcc', 'lib/ld-linux-aarch64.so.1',
                 '/usr/aarch64-linux-gnu'),
    'windows-amd64': Cpu('windows-amd64', '', 'wine', 'x86_64-w64-mingw32-gcc', '', '', os='windows'),
}
WINDOWS_VARIANTS = ('default', 'stripped', 'trimpath')


@dataclasses.dataclass(frozen=True)
class Variant:
    name: str
    flags: str = ''          # of go build
    ldflags: str = ''
    cgo: bool = False        # needs a C compiler
    dynamic: bool = False    # needs the dynamic loader


VARIANTS = {variant.name: variant for variant in (
    Variant('default'),
    Variant('stripped', ldflags='-s -w'),
    Variant('trimpath', flags='-trimpath'),
    Variant('pie', flags='-buildmode=pie', dynamic=True),
    Variant('cgo-static', ldflags='-linkmode external -extldflags -static', cgo=True),
    Variant('cgo', cgo=True, dynamic=True),
)}


@dataclasses.dataclass(frozen=True)
class Cell:
    release: str
    cpu: Cpu
    variant: Variant

    @property
    def name(self):
        return f'{self.release}-{self.cpu.name}-{self.variant.name}'

    @property
    def native(self):
        return self.cpu.machine == platform.machine()

    @property
    def runner(self):
        """The command before the program's own."""
        if self.native:
            return []
        return [self.cpu.emulator, *(['-L', self.cpu.sysroot] if self.variant.dynamic else [])]

    def impossible(self, ending=None):
        """Why this machine cannot have this cell, or this ending of it, or None."""
        if self.cpu.os == 'windows':
            return self.impossible_in_wine(ending)
        if self.native and self.variant.cgo and not shutil.which('gcc'):
            return 'gcc is missing'
        if self.native and (not core_pattern().startswith('core') or os.sep in core_pattern()):
            return f'/proc/sys/kernel/core_pattern is "{core_pattern()}": the kernel leaves no core beside the program'
        if self.native and ending == 'live' and not shutil.which('gdb'):
            return 'gdb is missing'
        if self.native:
            return None
        if not shutil.which(self.cpu.emulator):
            return f'{self.cpu.emulator} is missing'
        if self.variant.cgo and not shutil.which(self.cpu.compiler):
            return f'{self.cpu.compiler} is missing'
        if self.variant.dynamic and not (pathlib.Path(self.cpu.sysroot) / self.cpu.interpreter).exists():
            return f'{self.cpu.sysroot}/{self.cpu.interpreter} is missing'
        if ending == 'live':
            return 'qemu-user runs the program inside its own process, of which gcore would make the core'
        return None

    def impossible_in_wine(self, ending):
        if self.variant.name not in WINDOWS_VARIANTS:
            return 'the program for Windows is built in three ways'
        for command in (self.cpu.emulator, self.cpu.compiler):
            if not shutil.which(command):
                return f'{command} is missing'
        if ending == 'live':
            return 'nothing makes a Windows program print its stacks from outside'
        return None


def core_pattern():
    return pathlib.Path('/proc/sys/kernel/core_pattern').read_text().strip()


def releases_of(cpu):
    """Those that are crossed unless some are named."""
    further = WINDOWS_RELEASES if CPUS[cpu].os == 'windows' else ()
    return sorted(RELEASES + further, key=lambda release: [int(number) for number in release.split('.')])


def cells(releases, cpus, variants):
    """`releases`: None: all of each CPU."""
    return [Cell(release, CPUS[cpu], VARIANTS[variant])
            for cpu in cpus for release in releases or releases_of(cpu) for variant in variants]


def sample(all_cells, variants_per_row):
    """A part of the grid that has every row, and over all rows every variant: what each row takes goes round."""
    rows = {}
    for cell in all_cells:
        rows.setdefault((cell.release, cell.cpu), []).append(cell)
    return [cells_of_row[(row * variants_per_row + i) % len(cells_of_row)]
            for row, cells_of_row in enumerate(rows.values()) for i in range(min(variants_per_row, len(cells_of_row)))]


class Shares:
    """Gives each cell some of its endings, those first that no cell, or the fewest, had before."""

    def __init__(self, count=None):
        self.count = count  # None: all
        self.taken = collections.Counter()
        self.lock = threading.Lock()

    def choose(self, endings):
        with self.lock:
            chosen = sorted(endings, key=lambda ending: self.taken[ending])[:self.count]
            self.taken.update(chosen)
        return [ending for ending in endings if ending in chosen]
