#!/usr/bin/env python3
"""A history in PostgreSQL (`--db postgresql://…`) against the same in SQLite, with a server of Debian's that runs in a folder of its own: contents,
clusters, reports, metrics and retention are the same; several writers, writers that are killed, a server that is killed; who may not, and what
is no history. Needs postgresql (`.ci/deps --postgres`)."""
import contextlib
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from incidents import stamped  # noqa: E402

DAY, WRITERS, KILLS, LOGS = 86400, 5, 10, 300
PASSWORD = 'seven%20doors'


def tools():
    """Of the newest release that is installed."""
    folders = pathlib.Path('/usr/lib/postgresql').glob('*/bin/initdb')
    return max(folders, key=lambda path: int(path.parts[-3].split('.')[0])).parent


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def runs(process):
    try:
        return pathlib.Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[0] not in 'ZX'
    except (FileNotFoundError, ProcessLookupError):
        return False


class Server:
    """Run by nobody where this is run by root, which PostgreSQL refuses."""

    def __init__(self, folder):
        self.folder, self.data, self.tools, self.port = folder, folder / 'data', tools(), free_port()
        self.url = f'postgresql://torn@/crashes?host={folder}&port={self.port}'
        folder.mkdir()
        if os.getuid() == 0:
            owner = pwd.getpwnam('nobody')
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self.run('initdb', '-D', self.data, '-U', 'torn', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync')
        (self.data / 'pg_hba.conf').write_text('local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n')
        self.start()
        self.run('createdb', '-h', folder, '-p', self.port, '-U', 'torn', 'crashes')
        self.ask("ALTER USER torn PASSWORD 'seven doors'")

    def run(self, tool, *args):
        prefix = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'] if os.getuid() == 0 else []
        subprocess.run([*prefix, self.tools / tool, *map(str, args)], check=True, cwd=self.folder, stdout=subprocess.DEVNULL,
                       env={'PATH': os.environ['PATH'], 'LC_ALL': 'C'})

    def start(self):
        self.run('pg_ctl', '-D', self.data, '-w', '-l', self.folder / 'log', '-o', f'-k {self.folder} -p {self.port} -c listen_addresses=127.0.0.1', 'start')

    def stop(self, how='fast'):
        self.run('pg_ctl', '-D', self.data, '-w', '-m', how, 'stop')

    def kill(self):
        """As when the machine loses its power: all of its processes at once. The first is held meanwhile, so that it starts no more."""
        number = int((self.data / 'postmaster.pid').read_text().split()[0])
        os.kill(number, signal.SIGSTOP)
        children = subprocess.run(['ps', '-o', 'pid=', '--ppid', str(number)], capture_output=True, text=True, check=False).stdout.split()
        processes = (number, *map(int, children))
        for process in processes:
            with contextlib.suppress(ProcessLookupError):  # a child that has ended meanwhile
                os.kill(process, signal.SIGKILL)
        while any(runs(process) for process in processes):
            time.sleep(0.05)
        for lock in (self.data / 'postmaster.pid', self.folder / f'.s.PGSQL.{self.port}.lock'):
            lock.unlink()  # of a process that nobody may have waited for

    def ask(self, sql):
        done = subprocess.run([self.tools / 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', sql, self.url], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    def clear(self):
        self.ask('DROP SCHEMA public CASCADE; CREATE SCHEMA public')


def triage(database, *args):
    return tap.Run('triage', '--db', database, *args)


def history(database, *args):
    return tap.Run('history', '--db', database, *args)


def fill(folder):
    """Logs of all cases, again and again with other first lines, over some days and hosts; two dumps."""
    folder.mkdir()
    logs = sorted(tap.CASES.glob('*/expected.traceback'))
    for number in range(LOGS):
        log = logs[number % len(logs)]
        path = folder / f'{number:04}-{log.parent.name}.log'
        path.write_bytes(stamped(log.read_bytes(), 1700000000 + DAY // 8 * number))
        os.utime(path, (1700000000 + DAY // 8 * number,) * 2)
    for case in ('amd64-panic', 'amd64-deadlock'):
        shutil.copy(tap.CASES / case / 'dump.zst', folder / f'{case}.zst')
        os.utime(folder / f'{case}.zst', (1700000000,) * 2)
    return folder


def told(database, *args):
    done = history(database, *args)
    return None if done.status else done.out


def same(server, folder, name):
    """All that a history is asked, of both."""
    triage(name, '-q', folder)
    tap.check('it is filled', triage(server.url, '-q', folder).trouble(0))
    clusters = [json.loads(line) for line in (told(server.url, '--json') or b'').splitlines()]
    key = next((line['id'] for line in clusters if line['kind'] == 'cluster' and line['count'] > 3), '')
    days = int(time.time() - 1700000000) // DAY
    asked = {'table': (), 'lines': ('--json',), 'one': (key,), 'since': ('--since', f'{days - 20}d'), 'records': ('--otlp',),
             'retention': ('--retain', f'{days - 9}d', '-v')}
    for database in (name, server.url):
        history(database, key, '--note', 'see the runbook', '--issue', 'https://issues.example/7')
    for what, args in asked.items():
        found, wanted = told(server.url, *args), told(name, *args)
        tap.check(f'{what}: as of SQLite', None if wanted and found == wanted else f'{found}\n{wanted}')
    after = told(name, '--json')
    for database in (name, server.url):
        triage(database, '-q', folder)
    found, wanted = told(server.url, '--json'), told(name, '--json')
    tap.check('what was removed is not added again', None if wanted and found == wanted and after == wanted else f'{found}\n{wanted}\n{after}')
    pages = []
    for index, database in enumerate((name, server.url)):
        out = pathlib.Path(f'{name}.pages{index}')
        history(database, '--html', out, '-q')
        pages.append({path.name: path.read_bytes() for path in out.iterdir()} if out.is_dir() else {})
    tap.check('pages: as of SQLite', None if pages[0] and pages[0].keys() == pages[1].keys() else [sorted(page) for page in pages])
    tap.check('a report says what is known', None if b'seen ' in tap.Run(folder / 'amd64-panic.zst', '--db', server.url).out else 'it does not')


def rows(server):
    return server.ask("SELECT hash, fingerprint, seen, rtrim(line, chr(10)) FROM incidents ORDER BY hash")


def start(server, folder, *args):
    return subprocess.Popen([tap.TORNSTACK, 'triage', '--db', server.url, '-q', *args, folder], env=tap.environment_of(), stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, start_new_session=True)


def many(server, folder, wanted):
    server.clear()
    writers = [start(server, folder, '--jobs=2') for _ in range(WRITERS)]
    errors = [writer.communicate()[1].decode() for writer in writers]
    tap.check(f'{WRITERS} writers: what one writes', None if rows(server) == wanted and not any(errors) else f'{len(rows(server))} rows; {errors}')


def killed(server, folder, wanted):
    server.clear()
    for _ in range(KILLS):
        writer = start(server, folder)
        time.sleep(random.uniform(0.05, 0.6))
        writer.kill()
        writer.communicate()
    tap.check(f'killed {KILLS} times', triage(server.url, '-q', folder).trouble(0))
    tap.check('nothing is lost or double', None if rows(server) == wanted else f'{len(rows(server))} rows of {len(wanted)}')


def server_killed(server, folder, wanted):
    server.clear()
    writer = start(server, folder)
    while int((server.ask("SELECT coalesce(max(n_live_tup), 0) FROM pg_stat_user_tables WHERE relname = 'incidents'") or ['0'])[0]) < 20 and writer.poll() is None:
        time.sleep(0.05)
    server.kill()
    error = writer.communicate()[1].decode()
    tap.check('of a server that is gone it is said', None if writer.returncode == 1 and 'postgresql:///crashes: ' in error else f'{writer.returncode}: {error}')
    tap.check('none can be reached', None if history(server.url).status == 1 else 'status')
    server.start()
    before = rows(server)
    tap.check('what was committed is there', None if before and set(before) <= set(wanted) else len(before))
    tap.check('and the rest is added', triage(server.url, '-q', folder).trouble(0))
    tap.check('nothing is lost or double then', None if rows(server) == wanted else f'{len(rows(server))} rows of {len(wanted)}')


def refusals(server):
    address = f'127.0.0.1:{server.port}/crashes'
    good = history(f'postgresql://torn:{PASSWORD}@{address}', '-q')
    tap.check('with a password', good.trouble(0))
    for url in (f'postgresql://torn:wrong-{PASSWORD}@{address}', f'postgresql://torn@{address}?password=wrong-{PASSWORD}'):
        done = history(url)
        tap.check('a wrong password is refused, and not shown', None if done.status == 1 and b'wrong-' not in done.err.encode() + done.out and
                  f'postgresql://{address}: ' in done.err else f'{done.status} {done.err}')
    done = history(f'postgresql://torn:{PASSWORD}@{address}', 'abcdef')
    tap.check('nor is a right one', None if done.status == 1 and PASSWORD not in done.err else done.err)
    server.ask('INSERT INTO tornstack_schema VALUES (99)')
    done = history(server.url)
    tap.check('a schema of a newer one', None if done.status == 1 and 'newer' in done.err else done.err)
    server.clear()
    server.ask('CREATE TABLE incidents (id INT)')
    done = history(server.url)
    tap.check("another program's tables stay as they are", None if done.status == 1 and server.ask(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == ['incidents'] else done.err)


def main():
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name)
        server = Server(folder / 'server')
        try:
            inputs = fill(folder / 'inputs')
            same(server, inputs, str(folder / 'crashes.db'))
            server.clear()
            triage(server.url, '-q', inputs)
            wanted = rows(server)
            tap.check('a row for each', None if len(wanted) == LOGS + 2 else len(wanted))
            many(server, inputs, wanted)
            killed(server, inputs, wanted)
            server_killed(server, inputs, wanted)
            refusals(server)
        finally:
            if (server.data / 'postmaster.pid').exists():
                server.stop('immediate')
    tap.finish()


main()
