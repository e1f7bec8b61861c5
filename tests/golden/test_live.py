#!/usr/bin/env python3
"""`tornstack PID`: what it says of processes that run, that they run on whatever happens to it, and what it says of those that it
cannot read. The programs are the executables of cases, and an HTTP service where a Go command is installed."""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from live import attach, busy  # noqa: E402

KILLS, CAUGHT = 50, 10
SEIZE, DETACH = 0x4206, 17


# So that everything is copied on a machine that does other things, too.
PATIENT = '--max-pause=5000'


def goroutines_of(process):
    return tap.Run('--json', '--goroutines=all', PATIENT, process.pid)


def check_stuck(folder):
    with attach.Process([attach.unpack('amd64-stuck', folder), 'order'], folder) as process:
        time.sleep(1.5)
        done = goroutines_of(process)
        verdict = done.report and tap.verdict_finding(done.report)
        tap.check('a process of which two goroutines wait for each other is stuck',
                  done.trouble(0) or (None if verdict and verdict['rule'] == 'stuck' else done.report['verdict']))
        tap.check('it runs on', attach.held(process.pid))
        found = done.report['process']
        tap.check('the report says for how long it was stopped', None if found.get('live') and found['live']['pause_ns'] > 0
                  and found['pid'] == process.pid else found)
        listed = tap.Run('goroutines', '--json', '--state', 'sync.Mutex.Lock', PATIENT, process.pid)
        tap.check('goroutines PID lists those of a state', listed.trouble(0) or (
            None if listed.report['goroutine_count'] >= 14 else listed.report['goroutine_count']))
        check_slim(process, folder)
        tap.check('its parked goroutines stand where the runtime says', attach.parked_difference(done.report, process.quit()))


def check_slim(process, folder):
    """A snapshot that can be attached: read later, it says the same of the process."""
    small = pathlib.Path(folder) / 'small.core'
    made = tap.Run('slim', PATIENT, process.pid, '-o', small)
    done = tap.Run('--json', small)
    tap.check('slim PID makes a dump of it', made.trouble(0) or done.trouble(0) or (
        None if done.report['verdict']['rule'] == 'stuck' and done.report['process']['live']['pid'] == process.pid
        else [done.report['verdict'], done.report['process']]))


def check_healthy(folder):
    with attach.Process([attach.unpack('amd64-live-stripped', folder)], folder, ready='running') as process:
        time.sleep(0.5)
        done = goroutines_of(process)
        tap.check('a healthy one is a healthy snapshot', done.trouble(0) or (
            None if done.report['verdict']['certainty'] == 'healthy' else done.report['verdict']))
        before = attach.cpu_time(process.pid)
        tap.check('it runs on', attach.held(process.pid) or await_work(process, before))
        check_kills(process)
        again = goroutines_of(process)
        tap.check('its parked goroutines stand where the runtime says',
                  again.trouble(0) or attach.parked_difference(again.report, process.quit()))


def await_work(process, before):
    for _ in range(100):
        if attach.cpu_time(process.pid) > before:
            return None
        time.sleep(0.05)
    return 'it takes no CPU time any more'


def check_kills(process):
    """SIGKILL of tornstack just when it holds the target, which has a goroutine that never rests."""
    caught, kills, trouble = 0, 0, set()
    while kills < KILLS or (caught < CAUGHT and kills < 6 * KILLS):  # where others want the CPU, this sees fewer stops than there are
        kills += 1
        run = subprocess.Popen([tap.TORNSTACK, '-q', PATIENT, str(process.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while run.poll() is None and attach.field(process.pid, 'TracerPid') == '0':
            pass
        caught += attach.field(process.pid, 'TracerPid') != '0'
        run.kill()
        run.wait()
        trouble.add(attach.held(process.pid))
    tap.check(f'SIGKILL of tornstack leaves it running, {KILLS} times and more', '\n'.join(sorted(trouble - {None})))
    tap.check('it held the process when it was killed', None if caught >= CAUGHT else f'{caught} times of {kills}')
    tap.check('and it works on', await_work(process, attach.cpu_time(process.pid)))


def check_stop_signal(folder):
    """What a shell stopped (SIGSTOP) stays stopped, and is read all the same."""
    with attach.Process([attach.unpack('amd64-stuck', folder), 'order'], folder) as process:
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.1)
        done = goroutines_of(process)
        tap.check('a process that SIGSTOP stopped is read', done.trouble(0))
        tap.check('and stays as it is', None if set(attach.threads(process.pid)) == {'T'} else attach.threads(process.pid))
        os.kill(process.pid, signal.SIGCONT)
        tap.check('until SIGCONT', attach.held(process.pid))


def check_deleted(folder):
    """An executable that was replaced while it ran: the one that runs is read."""
    program = attach.unpack('amd64-stuck', folder, 'replaced')
    with attach.Process([program, 'order'], folder) as process:
        time.sleep(0.5)
        program.unlink()
        program.write_bytes(b'another')
        done = goroutines_of(process)
        target = done.report and done.report['target']
        tap.check('of a replaced executable the one that runs is read', done.trouble(0) or (
            None if (target['executable'], target['executable_identity']) == ('replaced', 'same') else target))


def check_namespaces(folder):
    """A container as far as it matters: other process ids, other folders, an executable that is not at its path here."""
    name = 'it is read within its own PID and mount namespaces'
    own = ['--fork', '--pid', '--mount-proc']
    trouble = attach.no_namespaces(*own)
    if trouble:
        return tap.skip(name, trouble)
    inside = pathlib.Path(folder) / 'inside'
    inside.mkdir()
    program = attach.unpack('amd64-stuck', folder, 'contained')
    script = f'mount -t tmpfs none {inside} && cp {program} {inside}/service && exec {inside}/service order'
    with attach.Process(['unshare', '--mount', *own, 'sh', '-c', script], folder,
                        PATH=os.environ['PATH']) as process:
        time.sleep(2)
        children = pathlib.Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split() \
            if process.process.poll() is None else []
        if not children:
            return tap.check(name, process.text() or 'it has ended')
        done = tap.Run('--json', '--goroutines=all', PATIENT, children[0])
        report = done.report
        tap.check(name, done.trouble(0) or (
            None if report['process']['pid'] == 1 and report['process']['live']['pid'] == int(children[0])
            and report['target']['executable_identity'] == 'same' and report['verdict']['rule'] == 'stuck' else
            [report['process'], report['verdict']]))
        tap.check('its threads are those that its Ms name', None if report and any(t['goroutine'] or t['frames'] for t in report['threads'])
                  and not any('not in' in note for note in report['notes']) else report and report['notes'])


def refused(name, word, *args, code=None, environment=()):
    done = tap.Run('--json', *args, environment=environment)
    failure = done.failure()
    tap.check(name, done.trouble(1) or (None if word in done.err and (not code or failure['code'] == code) else done.err))


def check_refusals(folder):
    refused('there is no such process', 'there is no process', 4194304 - 1, code='absent')
    with attach.Process(['sleep', '60'], folder, PATH=os.environ['PATH']) as other:
        time.sleep(0.2)
        refused('a program in C is none of Go', 'no Go program', other.pid, code='unsupported')
        tap.check('and was not stopped for that', attach.held(other.pid))
        libc = ctypes.CDLL(None, use_errno=True)
        if not libc.ptrace(SEIZE, other.pid, None, None):
            refused('one that is traced already', 'traced by process', other.pid, code='unsupported')
            libc.ptrace(DETACH, other.pid, None, None)
    zombie = subprocess.Popen(['true'])
    while attach.field(zombie.pid, 'State')[0] != 'Z':
        time.sleep(0.01)
    refused('one that has ended', 'has ended already', zombie.pid, code='unsupported')
    zombie.wait()
    if attach.kernel_thread():
        refused('a thread of the kernel', 'thread of the kernel', attach.kernel_thread(), code='no-process')
    check_itself()
    check_other_user(folder)


def check_itself():
    script = f'exec {tap.TORNSTACK} $$'
    done = subprocess.run(['sh', '-c', script], capture_output=True, check=False)
    tap.check('tornstack does not stop itself', None if done.returncode == 1 and b'tornstack itself' in done.stderr else done.stderr)


def check_other_user(folder):
    if os.geteuid():
        return tap.skip('a process of another user', 'only root can become one')
    with attach.Process([attach.unpack('amd64-stuck', folder, 'of-root'), 'order'], folder) as process:
        time.sleep(0.2)
        program = pathlib.Path(tempfile.mkdtemp()) / 'tornstack'
        program.parent.chmod(0o755)
        shutil.copy(tap.TORNSTACK, program)
        done = subprocess.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', program, str(process.pid)],
                              capture_output=True, check=False)
        shutil.rmtree(program.parent)
        tap.check('a process of another user', None if done.returncode == 1 and b'belongs to user 0' in done.stderr else done.stderr)


def check_names(folder):
    """A file that is called like a number is a file."""
    with attach.Process([attach.unpack('amd64-stuck', folder), 'order'], folder) as process:
        time.sleep(0.3)
        named = pathlib.Path(folder) / str(process.pid)
        named.write_text('no dump')
        file = subprocess.run([tap.TORNSTACK, '-q', str(process.pid)], cwd=folder, capture_output=True, check=False)
        tap.check('a file of that name wins', None if file.returncode == 1 and b'process' not in file.stderr else file.stderr)
        live = subprocess.run([tap.TORNSTACK, '-q', PATIENT, '--pid', str(process.pid)], cwd=folder, capture_output=True, check=False)
        tap.check('--pid is the process', None if live.returncode == 0 else live.stderr)
        both = subprocess.run([tap.TORNSTACK, '--pid', '1', 'core'], capture_output=True, check=False)
        tap.check('--pid and a dump are too much', None if both.returncode == 2 else both.stderr)
        exposed = tap.Run('-q', '--no-sandbox', PATIENT, process.pid)
        tap.check('--no-sandbox reads it as well', exposed.trouble(0))


def check_busy(folder):
    trouble = busy.missing()
    if trouble:
        return tap.skip('a busy HTTP service loses no request', trouble)
    result = busy.measure(folder, parked=1000, size=16 << 20, seconds=3, max_pause=1000)
    tap.check('a busy HTTP service loses no request while it is looked at', None if result['lost'] == 0 and result['requests'] > 10
              and result['looks'] and not result['trouble'] else json.dumps(result))


def main():
    with tempfile.TemporaryDirectory() as folder:
        trouble = attach.forbidden(folder)
        if trouble:
            tap.skip('live processes', trouble)
            tap.finish()
        for part in (check_stuck, check_healthy, check_stop_signal, check_deleted, check_namespaces, check_refusals, check_names,
                     check_busy):
            part(folder)
    tap.finish()


main()
