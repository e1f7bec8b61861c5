#!/usr/bin/env python3
"""How long `tornstack` takes for dumps with many goroutines, beside other debuggers, in one run: measured, never asserted.

usage: bench/analyze.py [--table FILE] [--largest N] [--rounds N] [--no-peers] [--goals]

Makes cores of 10,000 to a million goroutines in build/bench (needs Go and zstd, and 15 GB there for the largest). Whole processes
are measured: the median of the rounds, and the most anonymous memory seen. What takes over 10 s is run once. The last table is of
ratios and their goals (bench/goals.py); with --goals it is the only one.
"""
import argparse
import math
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / 'tests/live'), str(ROOT / 'bench')]
import peer       # noqa: E402
import peer_delve     # noqa: E402
import peer_viewcore  # noqa: E402
import goals      # noqa: E402
import scan       # noqa: E402

TORNSTACK = pathlib.Path(os.environ.get('TORNSTACK', ROOT / 'build/tornstack'))
FOLDER = ROOT / 'build/bench'
BEGIN, END = '<!-- measured -->', '<!-- end -->'
GOALS_BEGIN, GOALS_END = '<!-- ratios -->', '<!-- end of ratios -->'
COMPRESSORS = {'zstd': 'zst', 'lz4': 'lz4', 'xz': 'xz', 'gzip': 'gz'}  # each is run as itself, -1 and -dc
ONCE = 10       # seconds: what takes longer is not repeated
PATIENCE = 900  # seconds for a peer
FOR_PEERS = {'delve': 100000, 'viewcore': 1000000}  # goroutines: of a million Delve takes over 20 GB
SAMPLE = 0.002
HUGE = '20'     # gigabytes, nearly all of them holes
LARGE_PROGRAM = 80000  # functions, with more than 60 MB of DWARF
FRAMES = {'few': 8, 'many': 21, 'deep': 994}  # of a goroutine, about: for the table only

WAYS = {
    'text': [],
    'one thread': ['--jobs=1'],
    'JSON, groups': ['--json'],
    'JSON, all': ['--json', '--goroutines=all'],
}


def unlimited():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def build():
    """The program; the cores of another build of it are removed."""
    exe = FOLDER / 'goroutines'
    new = FOLDER / 'goroutines.new'
    FOLDER.mkdir(parents=True, exist_ok=True)
    subprocess.run(['go', 'build', '-trimpath', '-o', str(new), '.'], cwd=ROOT / 'bench/goroutines', check=True,
                   env=dict(os.environ, CGO_ENABLED='0', GOFLAGS='-buildvcs=false'))
    if not exe.exists() or exe.read_bytes() != new.read_bytes():
        for shape in FRAMES:
            for folder in FOLDER.glob(f'{shape}-*'):
                shutil.rmtree(folder)
    new.replace(exe)
    return exe


def core_of(exe, count, shape, *more):
    folder = FOLDER / '-'.join([shape, str(count), *more])
    core = folder / 'core'
    if not core.exists():
        folder.mkdir(exist_ok=True)
        subprocess.run([str(exe), str(count), shape, *more], cwd=folder, env={}, preexec_fn=unlimited, check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        made = sorted(folder.glob('core*'))
        if not made:
            sys.exit('bench: the kernel left no core here: see /proc/sys/kernel/core_pattern')
        made[0].rename(core)
    return core


def anonymous(pid):
    try:
        with open(f'/proc/{pid}/status', encoding='ascii') as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith('RssAnon:')), 0)
    except OSError:
        return 0


class Watch(threading.Thread):
    """The most anonymous memory of a process while it runs."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.over = pid, 0, False

    def run(self):
        while not self.over:
            self.most = max(self.most, anonymous(self.pid))
            time.sleep(SAMPLE)


def once(command, stdin=''):
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    watch = Watch(process.pid)
    watch.start()
    late = threading.Timer(PATIENCE, process.kill)
    late.start()
    process.communicate(stdin.encode())  # with a timeout it would look every 50 ms only
    seconds = time.monotonic() - start
    late.cancel()
    watch.over = True
    watch.join()
    return (seconds, watch.most) if process.returncode == 0 else None


def measure(command, rounds, stdin=''):
    """(seconds, bytes), or None when it failed or did not end."""
    results = []
    for _ in range(rounds):
        result = once(command, stdin)
        if not result:
            return None
        results.append(result)
        if result[0] > ONCE:
            break
    return statistics.median(seconds for seconds, _ in results), max(most for _, most in results)


def compressed(core, program='zstd'):
    path = core.with_name(f'core.{COMPRESSORS[program]}')
    if not path.exists():
        with open(path, 'wb') as output:
            subprocess.run([program, '-q1c', str(core)], stdout=output, check=True)
    return path


def cool(path):
    """Takes a file that is not being written out of the page cache."""
    with open(path, 'rb') as file:
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def warm(path):
    with open(path, 'rb', buffering=0) as file:
        while file.read(1 << 24):
            pass


def tornstack(core, exe, options, rounds):
    return measure([TORNSTACK, *options, '--exe', exe, core], rounds)


def find_peers(wanted):
    for adapter in (peer_delve.PEER, peer_viewcore.PEER) if wanted else ():
        try:
            yield adapter, adapter.find()
        except peer.Missing as why:
            print(f'{adapter.name} is skipped: {why}', file=sys.stderr)


def shown(result):
    if not result:
        return 'failed, or over 900 s'
    seconds, most = result
    return f'{seconds:.2f} s, {most / 1e6:.0f} MB' if seconds >= 0.1 else f'{seconds * 1e3:.0f} ms, {most / 1e6:.0f} MB'


def exponent(points):
    """The slope of a line through the logarithms: 1 is linear."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    x, y = statistics.mean(xs), statistics.mean(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ['| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)) + ' |' for row in rows]
    lines.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    return '\n'.join(lines)


def frames_in(command):
    """Frames in a JSON report."""
    mark, count, rest = b'"how":', 0, b''
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE) as process:
        while block := process.stdout.read(1 << 24):
            count += (rest + block).count(mark)
            rest = block[1 - len(mark):]
    return count


def asked(adapter, shape, count):
    return shape != 'deep' and count <= FOR_PEERS[adapter.name.lower()]


def compare(exe, options, peers):
    """Dumps of several shapes, every way of asking, every peer."""
    rows = [['dump', 'goroutines', 'size', *(f'tornstack, {way}' for way in WAYS), *(adapter.name for adapter, _ in peers)]]
    for shape, count in (('few', 10000), ('few', 100000), ('few', options.largest), ('many', 100000), ('deep', 10000)):
        core = core_of(exe, count, shape)
        warm(core)
        results = [tornstack(core, exe, way, options.rounds) for way in WAYS.values()]
        cells = [shown(result) for result in results]
        if results[-1]:
            frames = frames_in([TORNSTACK, *WAYS['JSON, all'], '--exe', exe, core])
            cells[-1] += f', {frames / results[-1][0] / 1e6:.1f}M frames/s'
        for adapter, program in peers:
            cells.append(shown(measure(adapter.command(program, core, exe), options.rounds, adapter.stdin))
                         if asked(adapter, shape, count) else '')
        rows.append([f'{shape}, {FRAMES[shape]} frames', f'{count:,}', f'{core.stat().st_size / 1e6:,.0f} MB', *cells])
        print(rows[-1], file=sys.stderr)
    return table(rows)


def grow(exe, options):
    """Time by the number of goroutines, of distinct stacks, and by the size of the program."""
    lines = []
    for shape in ('few', 'many'):
        points = []
        for count in (10000, 30000, 100000, 300000, options.largest):
            if shape == 'many' and count > 300000:
                continue
            core = core_of(exe, count, shape)
            warm(core)
            points.append((count, tornstack(core, exe, [], options.rounds)[0]))
        lines.append([f'goroutines, {shape} distinct stacks', ', '.join(f'{count:,}: {seconds:.3f} s' for count, seconds in points),
                      f'{exponent(points):.2f}'])
    points = []
    for count in scan.COUNTS:
        program = scan.make(count, 'amd64')
        core = core_of_program(program)
        warm(core)
        points.append((program.stat().st_size, tornstack(core, program, [], options.rounds)[0]))
    lines.append(['size of a program with DWARF', ', '.join(f'{size / 1e6:.0f} MB: {seconds:.3f} s' for size, seconds in points),
                  f'{exponent(points):.2f}'])
    return table([['time by', 'measured', 'exponent'], *lines])


def touch():
    program = FOLDER / 'touch'
    subprocess.run(['cc', '-O2', '-pthread', '-o', str(program), str(ROOT / 'bench/touch.c')], check=True)
    return program


def limit(exe, options):
    """What reading alone takes: bench/touch.c."""
    program = touch()
    core = core_of(exe, options.largest, 'few')
    warm(core)
    seconds = [measure([program, core, threads], options.rounds)[0] for threads in (1, os.cpu_count())]
    return (f'The limit, one word of every 512 bytes of the largest dump read once: {seconds[0]:.2f} s with one thread, '
            f'{seconds[1]:.2f} s with {os.cpu_count()}.')


def coldly(core, exe, options, rounds):
    """Neither the dump nor the executable is in the page cache."""
    results = []
    for _ in range(rounds):
        cool(core)
        cool(exe)
        results.append(tornstack(core, exe, options, 1))
    return None if None in results else (statistics.median(seconds for seconds, _ in results), max(most for _, most in results))


def debug_bytes(program):
    """Of its sections of debug information, as the file holds them."""
    lines = subprocess.run(['readelf', '-SW', str(program)], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    return sum(int(line.partition('.debug_')[2].split()[4], 16) for line in lines if ' .debug_' in line)


def stripped(exe):
    path = exe.with_name(f'{exe.name}.stripped')
    subprocess.run(['strip', '-o', str(path), str(exe)], check=True)
    return path


def huge(exe, options):
    """Dumps and programs that are large for another reason than goroutines; what is not in the page cache; a small one."""
    small = core_of(exe, 100, 'few')
    sparse = core_of(exe, 10000, 'few', HUGE)
    large = core_of(exe, options.largest, 'few')
    packed = compressed(large)
    program = scan.make(LARGE_PROGRAM, 'amd64', '-ldflags=-compressdwarf=false')
    core = core_of_program(program)
    sizes = f'{sparse.stat().st_size / 1e9:.1f} GB, {sparse.stat().st_blocks * 512 / 1e6:.0f} MB of it no holes'
    both = WAYS['text'], WAYS['JSON, groups']
    rows = [['what', 'size', *(f'tornstack, {way}' for way in ('text', 'JSON, groups'))]]
    warm(small)
    rows.append(['100 goroutines, stripped', f'{small.stat().st_size / 1e6:.0f} MB',
                 *(shown(tornstack(small, stripped(exe), way, options.rounds)) for way in both)])
    rows.append(['sparse, cold', sizes, *(shown(coldly(sparse, exe, way, options.rounds)) for way in both)])
    rows.append(['sparse, warm', '', *(shown(tornstack(sparse, exe, way, options.rounds)) for way in both)])
    rows.append(['sparse, without its executable', '',
                 *(shown(measure([TORNSTACK, '--sysroot', FOLDER / 'none', *way, sparse], options.rounds)) for way in both)])
    warm(packed)
    rows.append([f'{options.largest:,} goroutines, zstd -1',
                 f'{packed.stat().st_size / 1e6:.0f} of {large.stat().st_size / 1e6:,.0f} MB',
                 shown(tornstack(packed, exe, WAYS['text'], options.rounds)), ''])
    warm(core)
    warm(program)
    rows.append(['program with DWARF',
                 f'{program.stat().st_size / 1e6:.0f} MB, {debug_bytes(program) / 1e6:.0f} MB of it .debug_*',
                 *(shown(tornstack(core, program, way, options.rounds)) for way in both)])
    return table(rows)


def isolation(exe, options):
    """What the child process costs in which a dump is read: runs with it and without it take turns."""
    rows = [['what', 'rounds', 'isolated', '--no-sandbox', 'the difference, CPU time']]
    for count, rounds in ((100, 100), (10000, 50), (options.largest, options.rounds)):
        core = core_of(exe, count, 'few')
        program = stripped(exe)
        warm(core)
        pairs = [[goals.run([TORNSTACK, *way, '--exe', program, core]) for way in ([], ['--no-sandbox'])] for _ in range(rounds)]
        wall, cpu = ([statistics.median(pair[way][kind] for pair in pairs) * 1e3 for way in (0, 1)] for kind in (0, 1))
        rows.append([f'{count:,} goroutines, stripped', str(rounds), *(f'{one:.1f} ms, CPU {two:.1f} ms' for one, two in zip(wall, cpu)),
                     f'{cpu[0] - cpu[1]:+.1f} ms, {100 * (cpu[0] / cpu[1] - 1):+.0f} %'])
        print(rows[-1], file=sys.stderr)
    return table(rows)


def goals_of(exe, options):
    """What bench/goals.py measures, of the largest dump, and of one of a tenth for what is compressed in other ways than zstd's."""
    core, smaller, cpus, program = core_of(exe, options.largest, 'few'), core_of(exe, options.largest // 10, 'few'), os.cpu_count(), touch()
    of, count = [TORNSTACK, '--exe', exe], f'{options.largest:,} goroutines'
    warm(core)
    yield goals.Goal(f'{count}, text', [*of, core], f'touch, {cpus} threads', [program, core, cpus], 3)
    yield goals.Goal(f'{count}, JSON, groups', [*of, '--json', core], f'touch, {cpus} threads', [program, core, cpus], 3)
    yield goals.Goal(f'{count}, text, one thread', [*of, '--jobs=1', core], 'touch, one thread', [program, core, 1], 4.5)
    yield goals.Goal(f'{count}, goroutines --function', [TORNSTACK, 'goroutines', '--function=main.park', *of[1:], core], 'tornstack, text',
                     [*of, core], 1)
    for name, dump in [('zstd', core), *((name, smaller) for name in COMPRESSORS if shutil.which(name))]:
        packed = compressed(dump, name)
        warm(packed)
        yield goals.Goal(f'{options.largest if dump == core else options.largest // 10:,} goroutines, {name} -1', [*of, packed], f'{name} -dc',
                         [name, '-dc', packed], 1.3)


def absolute(exe, options):
    """Goals that are no ratios."""
    smaller, small = core_of(exe, options.largest // 10, 'few'), core_of(exe, 100, 'few')
    cells = [['what', 'measured', 'goal']]
    for core, program, what, goal in ((smaller, exe, f'{options.largest // 10:,} goroutines, text', '60 ms'),
                                      (small, stripped(exe), '100 goroutines, stripped, text', '5 ms')):
        warm(core)
        found = goals.least([goals.run([TORNSTACK, '--exe', program, core]) for _ in range(4 * options.rounds)])
        cells.append([what, f'{goals.seconds(found[0])}, CPU {goals.seconds(found[1])}' if found else 'failed', goal])
    everything = [TORNSTACK, *WAYS['JSON, all'], '--exe', exe, smaller]
    found = goals.least([goals.run(everything) for _ in range(options.rounds)])
    cells.append([f'{options.largest // 10:,} goroutines, JSON, all',
                  f'{frames_in(everything) / found[0] / 1e6:.1f}M frames/s' if found else 'failed', '8M frames/s'])
    return table(cells)


def ratios(exe, options):
    return '\n\n'.join([f'{machine()}. In turns, the least of {options.rounds} rounds; touch, zstd and so on are the limit.',
                        table(goals.rows(goals_of(exe, options), options.rounds)), absolute(exe, options)])


def core_of_program(program):
    """scan.py's programs panic when they get an argument."""
    folder = FOLDER / f'{program.name}-core'
    core = folder / 'core'
    if not core.exists():
        folder.mkdir(exist_ok=True)
        subprocess.run([str(program), 'measured'], cwd=folder, env={'GOTRACEBACK': 'crash'}, preexec_fn=unlimited,
                       check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sorted(folder.glob('core*'))[0].rename(core)
    return core


def machine():
    with open('/proc/cpuinfo', encoding='ascii') as info:
        model = next((line.partition(': ')[2].strip() for line in info if line.startswith('model name')), platform.machine())
    return f'{model}, {os.cpu_count()} CPUs, Linux {platform.release()}'


def tables(exe, options):
    peers = list(find_peers(not options.no_peers))
    versions = ''.join(f', {adapter.name} {adapter.version(program)}' for adapter, program in peers)
    return '\n\n'.join([f'{machine()}{versions}. Median of {options.rounds}, warm page cache; the most anonymous memory.',
                        compare(exe, options, peers), limit(exe, options), grow(exe, options), huge(exe, options), isolation(exe, options)])


def told(path, begin, end, text):
    """Prints it, and puts it between its marks in a file, if there is one."""
    print(text)
    if path:
        old = path.read_text()
        path.write_text(old[:old.index(begin) + len(begin)] + '\n' + text + '\n' + old[old.index(end):])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--table', type=pathlib.Path)
    parser.add_argument('--largest', type=int, default=1000000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--no-peers', action='store_true')
    parser.add_argument('--goals', action='store_true')
    options = parser.parse_args()
    for needed in ('go', 'zstd'):
        if not shutil.which(needed):
            sys.exit(f'bench: needs {needed}')
    exe = build()
    if not options.goals:
        told(options.table, BEGIN, END, tables(exe, options))
    told(options.table, GOALS_BEGIN, GOALS_END, ratios(exe, options))


if __name__ == '__main__':
    main()
