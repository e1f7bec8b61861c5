#!/usr/bin/env python3
"""`tornstack handle`, as the kernel starts it: a core through a pipe, words behind it. The dumps are those of cases; the process that
/proc tells of is one that runs the same executable."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import elf_file  # noqa: E402
import tap  # noqa: E402
from live import attach  # noqa: E402

CASE = 'amd64-stuck-order'
NOBODY = '4194303'
WORDS = ('1000', '1000', '3', '1700000000', '18446744073709551615', 'host')


def unpack(case, folder):
    path = pathlib.Path(folder) / 'dump'
    subprocess.run(['zstd', '-dqf', tap.CASES / case / 'dump.zst', '-o', path], check=True)
    return path


def command(folder, *options, pid=NOBODY, comm='stuck'):
    return [tap.TORNSTACK, 'handle', '--directory', folder, *options, str(pid), *WORDS, comm]


def handle(core, folder, *options, wrap=(), **words):
    """As the kernel does it: through a pipe, which cannot be read twice or sought in."""
    with subprocess.Popen(['cat', core], stdout=subprocess.PIPE) as pipe:
        return subprocess.run([*wrap, *command(folder, *options, **words)], stdin=pipe.stdout, capture_output=True, timeout=tap.TIMEOUT,
                              env=tap.environment_of(), check=False)


def kept(folder):
    return sorted(path.name for path in pathlib.Path(folder).iterdir())


def record_of(folder):
    return json.loads(next(pathlib.Path(folder).glob('*.record.json')).read_text())


def trouble(done, status=0):
    return None if done.returncode == status else f'status {done.returncode}: {done.stderr.decode(errors="replace")}'


def report_of(folder):
    return json.loads(next(path for path in pathlib.Path(folder).glob('*.json') if 'record' not in path.name).read_text())


def check_kept(core, folder):
    crashes = folder / 'crashes'
    with attach.Process([attach.unpack('amd64-stuck', folder, 'service'), 'order', '-password=hunter2'], folder) as process:
        time.sleep(0.2)
        done = handle(core, crashes, '--keep-core', pid=process.pid, comm='stuck service/../x')
    names = kept(crashes)
    tap.check('a core through a pipe is handled', trouble(done))
    tap.check('the report, as text and JSON, a slim dump and the core are kept', None if [n.split('.1700000000')[1] for n in names]
              == ['.core', '.json', '.record.json', '.slim.zst', '.txt'] else names)
    tap.check('names have no letters but harmless ones', None if all(re.fullmatch(r'stuck_service_.._x-[0-9a-f]{8}\.[\w.]*', n) for n in names)
              else names)
    modes = {oct(path.stat().st_mode & 0o777) for path in crashes.iterdir()} | {oct(crashes.stat().st_mode & 0o777)}
    tap.check('only its owner may read that', None if modes == {'0o600', '0o700'} else modes)
    report = report_of(crashes)
    tap.check('the executable is that of the process', None if report['target']['executable_identity'] == 'same'
              and report['verdict']['rule'] == 'stuck' and report['verdict']['certainty'] == 'certain' else report['target'])
    tap.check('the slim dump says the same', slim_difference(crashes, report))
    tap.check('the core is the core', None if next(crashes.glob('*.core')).read_bytes() == core.read_bytes() else 'it differs')
    check_record(record_of(crashes), process.pid, core, next(crashes.glob('*.txt')).read_text())


def slim_difference(crashes, report):
    done = tap.Run('--json', next(crashes.glob('*.slim.zst')), '--exe', tap.CASES / CASE / 'exe.zst')
    return done.trouble(0) or (None if done.report['verdict'] == report['verdict'] else done.report['verdict'])


def check_record(record, pid, core, text):
    want = {'COREDUMP_PID': str(pid), 'COREDUMP_UID': '1000', 'COREDUMP_GID': '1000', 'COREDUMP_SIGNAL': '3',
            'COREDUMP_SIGNAL_NAME': 'SIGQUIT', 'COREDUMP_TIMESTAMP': '1700000000000000', 'COREDUMP_HOSTNAME': 'host',
            'COREDUMP_COMM': 'stuck service/../x', 'TORNSTACK_CORE_SIZE': str(core.stat().st_size), 'TORNSTACK_CORE_LEFT_OUT': '0'}
    wrong = {key: record.get(key) for key, value in want.items() if record.get(key) != value}
    tap.check('the record has systemd-coredump\'s fields', wrong)
    tap.check('it names the executable', None if record['COREDUMP_EXE'].endswith('/service') else record['COREDUMP_EXE'])
    tap.check('values of flags are masked in it', None if 'hunter2' not in json.dumps(record) and '***' in record['COREDUMP_CMDLINE'] else record)
    tap.check('its message is the headline', None if record['MESSAGE'].split()[:6] == text.split()[:6] else record['MESSAGE'])


def check_rate(core, folder):
    crashes = folder / 'rate'
    statuses = [handle(core, crashes, '--rate', '2', pid=str(4194000 + i)).returncode for i in range(4)]
    other = handle(core, crashes, '--rate', '2', comm='other').returncode
    records = [name for name in kept(crashes) if name.endswith('.record.json')]
    tap.check('of one program no more than --rate are kept, of another one more', None if statuses + [other] == [0] * 5 and len(records) == 3 else
              [statuses, records])
    handle(core, crashes, '--rate', '0', '--keep', '2', pid=4194100)
    tap.check('the oldest go when there are more than --keep', None if len({n.split('.1700000000')[0] for n in kept(crashes)}) == 2
              and any('4194100' in n for n in kept(crashes)) else kept(crashes))
    (crashes / 'mine.txt.orig').write_text('mine')
    handle(core, crashes, '--rate', '0', '--max-use', '1K', pid=4194101)
    tap.check('and when they take more than --max-use, but the newest; other files stay', None if 'mine.txt.orig' in kept(crashes) and
              all('4194101' in n for n in kept(crashes) if n != 'mine.txt.orig') and len(kept(crashes)) == 5 else kept(crashes))


def check_time(folder):
    crashes = folder / 'late'
    with subprocess.Popen(command(crashes, '--timeout', '1'), stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdin.write(b'\x7fELF')
        run.stdin.flush()
        start = time.monotonic()
        status = run.wait(60)
        took = time.monotonic() - start
    record = record_of(crashes)
    tap.check('--timeout ends it, and the record says so', None if status == 1 and took < 30 and 'time was up' in record['TORNSTACK_ERROR'] else
              [status, took, record])
    done = subprocess.run(command(folder / 'none'), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    tap.check('nothing is no core', None if done.returncode == 1 and record_of(folder / 'none')['TORNSTACK_ERROR'] else done)


def check_cut(core, folder):
    """The kernel may stop in the middle, and what comes may be no core at all."""
    cut, text = folder / 'cut', folder / 'text'
    cut.write_bytes(core.read_bytes()[:core.stat().st_size // 20])
    text.write_text('no core')
    done = handle(cut, folder / 'of-cut')
    tap.check('a core that breaks off is handled, and said to be cut short', trouble(done) or (
        None if record_of(folder / 'of-cut')['COREDUMP_TRUNCATED'] == '1' and report_of(folder / 'of-cut')['input']['truncated'] else
        record_of(folder / 'of-cut')))
    done = handle(text, folder / 'of-text', '--keep-core')
    tap.check('of what is no core there is a record, and what came', trouble(done, 1) or (
        None if 'TORNSTACK_ERROR' in record_of(folder / 'of-text') and next((folder / 'of-text').glob('*.core')).read_text() == 'no core' else
        kept(folder / 'of-text')))


def in_small_folder(crashes, size):
    """A file system of that size, which is gone with the shell that made it; what was kept is copied out."""
    script = (f'mount -t tmpfs -o size={size},mode=700 none {crashes}; "$@"; status=$?; cp -r --sparse=always {crashes}/. {crashes}.copy; '
              'exit $status')
    return ['unshare', '--mount', 'sh', '-c', script, 'sh']


def check_room(core, folder):
    """A file system with less room than the core needs: the ends of the largest segments are left out."""
    crashes = folder / 'small'
    crashes.mkdir()
    pathlib.Path(f'{crashes}.copy').mkdir()
    size = core.stat().st_size
    room = 640 << 10
    with attach.Process([attach.unpack('amd64-stuck', folder, 'small-service'), 'order'], folder) as process:
        done = handle(core, crashes, '--keep-core', wrap=in_small_folder(crashes, (64 << 20) + room), pid=process.pid)
    copy = pathlib.Path(f'{crashes}.copy')
    record = record_of(copy) if kept(copy) else {}
    tap.check('a core that does not fit is handled', trouble(done))
    tap.check('what was left out is said', None if 0 < int(record.get('TORNSTACK_CORE_LEFT_OUT', 0)) < size and record['COREDUMP_TRUNCATED'] == '1' else
              record)
    tap.check('what was kept are beginnings of segments', kept_difference(core.read_bytes(), next(copy.glob('*.core')).read_bytes()))
    report = report_of(copy)
    tap.check('the report is that of a dump with less memory, of which threads are whole', None if len(report['threads']) > 3
              and all(thread['frames'] for thread in report['threads']) and not report['input']['truncated'] else report['notes'])


def kept_difference(whole, part):
    """Every segment is what it was, or shorter and said to be so; nothing else changed."""
    before, after = elf_file.Elf(whole).programs, elf_file.Elf(part).programs
    sizes = [program[5] for program in after if program[0] == 1]
    for old, new in zip(before, after):
        if (*old[:5], *old[6:]) != (*new[:5], *new[6:]) or new[5] > old[5] or (new[5] < old[5] and new[5] % 4096):
            return f'{old} became {new}'
        if whole[old[2]:old[2] + new[5]] != part[new[2]:new[2] + new[5]]:
            return f'bytes of {new} differ'
    return None if len(before) == len(after) and sum(sizes) else sizes


def check_full(core, folder):
    """No room at all: the core goes to memory, and old crashes make room for the newest report."""
    crashes = folder / 'full'
    crashes.mkdir()
    pathlib.Path(f'{crashes}.copy').mkdir()
    script = in_small_folder(crashes, '512k')
    fill = f'head -c 300000 /dev/zero > {crashes}/old-00000000.0.1.1.core; cp {crashes}/old-00000000.0.1.1.core {crashes}/x; '
    script[4] = script[4].replace('"$@"', f'{fill} "$@"')
    done = handle(core, crashes, wrap=script)
    names = kept(f'{crashes}.copy')
    tap.check('a full disk keeps the report, the oldest crash makes room for it', trouble(done) or (
        None if any(n.endswith('.txt') for n in names) and not any(n.startswith('old') for n in names) else names))


def check_usage():
    for name, args in (('nothing', ()), ('too many words', ('1',) * 9), ('a senseless number', ('--keep', 'x', '1'))):
        done = subprocess.run([tap.TORNSTACK, 'handle', *args], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        tap.check(f'wrong usage: {name}', trouble(done, 2))
    done = subprocess.run([tap.TORNSTACK, 'handle', '--directory', '/proc/nowhere', '1'], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    tap.check('a folder that cannot be made', trouble(done, 1))


def main():
    with tap.memory_folder() as folder:
        folder = pathlib.Path(folder)
        core = unpack(CASE, folder)
        if os.uname().machine == 'x86_64':
            check_kept(core, folder)
        check_rate(core, folder)
        check_time(folder)
        check_cut(core, folder)
        trouble = attach.no_namespaces()
        if trouble:
            tap.skip('folders that are small or full', trouble)
        elif os.uname().machine == 'x86_64':
            check_room(core, folder)
        if not trouble:
            check_full(core, folder)
        check_usage()
    tap.finish()


main()
