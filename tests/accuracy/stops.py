"""Stops inside split adjustments of SP (stop.c): runs it on the cases that are ELF dumps, and makes checks and a table of what it
counted. Stops of dumps that programs of other releases left: TOOLCHAINS of check.py."""
import collections
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNHEALTHY, NOTHING = 3, 4
COLUMNS = ('stops', 'preemptible', 'analysed', 'found', 'exact', 'certain', 'wrong', 'wrong certain')
BEGIN, END = '<!-- stops -->', '<!-- /stops -->'
RUN = {'arm64': ['qemu-aarch64'], 'amd64': []}


class Stop:
    """What the program said of a dump."""

    def __init__(self, options, cpu, dump, exe):
        command = [options.stop, dump, exe, options.seed, options.limit]
        self.cpu = cpu
        self.done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)


class Count:
    """{(cpu, standing, place, leaf or not, size): counts}, and what was left out."""

    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.functions, self.missed, self.unexcused, self.troubles, self.dumps = 0, 0, 0, [], 0

    def add(self, stop, name, has_room):
        """has_room: the dump is one in which some goroutine has the stack for every function."""
        done = stop.done
        if done.returncode not in (0, NOTHING):
            self.troubles.append(f'{name}: ' + ('not healthy' if done.returncode == UNHEALTHY else done.stderr[-500:]))
        self.dumps += done.returncode == 0
        for line in done.stdout.splitlines():
            fields = line.split('\t')
            if line.startswith('#'):
                print(f'{name}: {line[2:]}')
            elif fields[0] == 'functions':
                self.functions, self.missed = self.functions + int(fields[1]), self.missed + int(fields[2])
                self.unexcused += int(fields[2]) if has_room else 0
            else:
                self.rows[stop.cpu, *fields[:4]].update(dict(zip(COLUMNS, map(int, fields[4:]))))

    def total(self, column, standing=None, cpu=None):
        return sum(counts[column] for key, counts in self.rows.items()
                   if standing in (None, key[1]) and cpu in (None, key[0]))

    def checks(self):
        torn = self.total('preemptible', 'torn')
        yield 'stops: dumps can be read', '\n'.join(self.troubles)
        yield 'stops: every split adjustment is come to', self.unexcused or None
        yield 'stops: there are torn ones', None if torn else 'none'
        yield 'stops: all that can be preempted are analysed', self.total('preemptible') - self.total('analysed') or None
        for column in ('found', 'exact', 'certain'):
            yield f'stops: torn ones are {column}', torn - self.total(column, 'torn') or None
        yield 'stops: nothing else is said of them', self.total('wrong', 'torn') or None
        yield 'stops: one instruction before and after, nothing is said', self.total('wrong', 'beside') or None
        yield 'stops: elsewhere nothing is said', self.total('wrong', 'sound') or None
        yield 'stops: nothing is torn on amd64', self.total('stops', 'torn', 'amd64') or None

    def table(self, command):
        lines = [BEGIN, '', f'    {command}', '', '| CPU | stop | in | function | frame | ' + ' | '.join(COLUMNS) + ' |',
                 '|' + ' --- |' * (len(COLUMNS) + 5)]
        for key, counts in sorted(self.rows.items()):
            lines.append('| ' + ' | '.join(key) + ' | ' + ' | '.join(f'{counts[column]:,}' for column in COLUMNS) + ' |')
        said = (f'{self.dumps} dumps; prologues and epilogues of {self.functions:,} functions; {self.missed} split adjustments '
                'not come to, for want of room on a stack.')
        return '\n'.join([*lines, '', said, '', END])


def crash(release, cpu, flags, folder):
    """A dump of fixtures/src/frames: that file and the executable, or None where this machine cannot make one."""
    exe = pathlib.Path(folder) / 'frames'
    build = [ROOT / 'fixtures/src/build.sh', 'frames', release, cpu, exe, flags]
    if subprocess.run([str(word) for word in build], stdin=subprocess.DEVNULL).returncode:
        return None
    environment = {'GOTRACEBACK': 'crash', 'GOMAXPROCS': '2', 'PATH': os.environ['PATH']}
    subprocess.run(['sh', '-c', 'ulimit -c unlimited; exec timeout 60 "$@"', 'sh', *RUN[cpu], './frames'], cwd=folder,
                   env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cores = sorted(path for path in pathlib.Path(folder).iterdir() if 'core' in path.name)
    guest = [path for path in cores if path.name.startswith('qemu_')]
    return ((guest or cores)[0], exe) if cores else None
