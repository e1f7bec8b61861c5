#!/usr/bin/env python3
"""Snapshots of healthy services, idle and under load, and what tornstack says of them: nothing.

    tests/live/services.py --bin FOLDER... --folder FOLDER [--minutes 6] [--only NAME...]

Needs gdb, zstd and the services: unpack Debian's packages (dpkg -x) or `go install` them. It listens and connects on 127.0.0.1 only.
Every service of SERVICES whose executable is in one of the folders is started on addresses of this machine alone. After
`--minutes` in which nothing but idle connections (1,000 to each that speaks HTTP) bothers them, gcore takes a snapshot of
each; then each is put under load, in turn, and taken once more. A check is one snapshot: its verdict must be `healthy`, and
no rule may find anything. Prints TAP, and the table that docs/accuracy.md has.
"""
import argparse
import asyncio
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap

IDLE_CONNECTIONS, CLIENTS, LOAD_SECONDS, START_SECONDS = 1000, 64, 12, 20
KINDS = ['idle', 'busy']

# name, executable, arguments ({d}: a folder of its own), port, paths that are asked for under load (None: NATS's protocol),
# files made before
SERVICES = [
    ('etcd', 'etcd', '--data-dir {d}/data --listen-client-urls http://127.0.0.1:23790 --advertise-client-urls '
     'http://127.0.0.1:23790 --listen-peer-urls http://127.0.0.1:23800 --initial-advertise-peer-urls http://127.0.0.1:23800 '
     '--initial-cluster default=http://127.0.0.1:23800', 23790, ['/health', '/metrics', '/version'], {}),
    ('prometheus', 'prometheus', '--config.file={d}/p.yml --storage.tsdb.path={d}/data --web.listen-address=127.0.0.1:23791',
     23791, ['/metrics', '/api/v1/query?query=up', '/api/v1/query?query=rate(go_gc_duration_seconds_count[1m])',
             '/api/v1/labels'],
     {'p.yml': 'scrape_configs: [{job_name: a, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:23791", '
      '"127.0.0.1:23792"]}]}]\n'}),
    ('node-exporter', 'prometheus-node-exporter', '--web.listen-address=127.0.0.1:23792', 23792, ['/metrics'], {}),
    ('blackbox-exporter', 'prometheus-blackbox-exporter', '--config.file={d}/b.yml --web.listen-address=127.0.0.1:23794', 23794,
     ['/metrics', '/probe?target=127.0.0.1:23792&module=t'], {'b.yml': 'modules: {t: {prober: tcp}}\n'}),
    ('pushgateway', 'prometheus-pushgateway', '--web.listen-address=127.0.0.1:23795', 23795, ['/metrics'], {}),
    ('caddy', 'caddy', 'file-server --listen 127.0.0.1:23796 --root {d} --browse', 23796, ['/', '/f'], {'f': 'x' * 100000}),
    ('nats-server', 'nats-server', '-a 127.0.0.1 -p 23797 -js -sd {d}/js', 23797, None, {}),
    ('syncthing', 'syncthing', 'serve --no-browser --no-restart --home={d}/h --gui-address=127.0.0.1:23798 --gui-apikey=k', 23798,
     ['/rest/noauth/health', '/'], {}),
    ('victoria-metrics', 'victoria-metrics', '-storageDataPath={d}/data -httpListenAddr=127.0.0.1:23799', 23799,
     ['/metrics', '/api/v1/query?query=up'], {}),
    ('docker-registry', 'docker-registry', 'serve {d}/r.yml', 23801, ['/v2/', '/v2/_catalog'],
     {'r.yml': 'version: 0.1\nstorage: {filesystem: {rootdirectory: "{d}/r"}}\nhttp: {addr: "127.0.0.1:23801"}\n'}),
    ('influxdb', 'influxd', '-config {d}/i.conf', 23802, ['/ping', '/query?q=SHOW%20DATABASES'],
     {'i.conf': 'bind-address = "127.0.0.1:23812"\n[meta]\ndir="{d}/m"\n[data]\ndir="{d}/dd"\nwal-dir="{d}/w"\n[http]\n'
      'bind-address = "127.0.0.1:23802"\n'}),
    ('rclone', 'rclone', 'serve http {d} --addr 127.0.0.1:23803', 23803, ['/', '/f'], {'f': 'x' * 100000}),
    ('webhook', 'webhook', '-hooks {d}/h.json -ip 127.0.0.1 -port 23804', 23804, ['/', '/hooks/e'],
     {'h.json': '[{"id": "e", "execute-command": "/bin/true"}]'}),
    ('pocketbase', 'pocketbase', 'serve --http=127.0.0.1:23807 --dir={d}/pb', 23807, ['/api/health', '/_/'], {}),
    ('rest-server', 'rest-server', '--path {d} --no-auth --listen 127.0.0.1:23805', 23805, ['/', '/r/keys/'], {}),
    ('coredns', 'coredns', '-conf {d}/c', 23806, ['/metrics'],
     {'c': '.:23816 {\n bind 127.0.0.1\n prometheus 127.0.0.1:23806\n whoami\n}\n'}),
]


class Service:
    def __init__(self, row, bins, folder):
        self.name, self.exe_name, self.args, self.port, self.paths, self.files = row
        self.exe = next((b.resolve() / self.exe_name for b in bins if (b / self.exe_name).exists()), None)
        self.folder = folder / self.name
        self.process = None

    def start(self):
        shutil.rmtree(self.folder / 'home', ignore_errors=True)
        home = self.folder / 'home'
        home.mkdir(parents=True)
        for name, text in self.files.items():
            (home / name).write_text(text.replace('{d}', str(home)))
        environment = {'PATH': os.environ['PATH'], 'HOME': str(home), 'GOMAXPROCS': '2'}
        with open(self.folder / 'log', 'wb') as log:
            self.process = subprocess.Popen([str(self.exe), *self.args.replace('{d}', str(home)).split()],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=home,
                                            start_new_session=True)

    def snapshot(self, kind):
        """The compressed core of a living process."""
        core = self.folder / f'{kind}.core'
        subprocess.run(['gdb', '-nx', '-batch', '-p', str(self.process.pid), '-ex', 'set use-coredump-filter off',
                        '-ex', f'gcore {core}'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False, timeout=300)
        if not core.exists():
            return None
        subprocess.run(['zstd', '-q', '-3', '-f', '--rm', core], check=True)
        return core.with_suffix('.core.zst')

    def stop(self):
        if not self.process:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        shutil.rmtree(self.folder / 'home', ignore_errors=True)


async def answer(reader):
    """Reads one HTTP answer."""
    head = await reader.readuntil(b'\r\n\r\n')
    lines = head.lower().split(b'\r\n')
    length = next((int(line.split(b':')[1]) for line in lines if line.startswith(b'content-length:')), None)
    if length is not None:
        await reader.readexactly(length)
        return
    while any(b'chunked' in line for line in lines):
        size = int(await reader.readuntil(b'\r\n'), 16)
        await reader.readexactly(size + 2)
        if not size:
            return


async def idle_connection(service):
    """A connection over which one request has gone, and that then stays as it is."""
    reader, writer = await asyncio.open_connection('127.0.0.1', service.port)
    if service.paths:
        writer.write(f'GET {service.paths[0]} HTTP/1.1\r\nHost: localhost\r\n\r\n'.encode())
        await asyncio.wait_for(answer(reader), 30)
    return writer


async def idle_connections(services):
    kept = []
    for service in services:
        for _ in range(IDLE_CONNECTIONS):
            try:
                kept.append(await idle_connection(service))
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, ValueError):
                break
    return kept


async def http_client(service, until):
    done = 0
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection('127.0.0.1', service.port)
            while time.monotonic() < until:
                writer.write(f'GET {service.paths[done % len(service.paths)]} HTTP/1.1\r\nHost: localhost\r\n\r\n'.encode())
                await asyncio.wait_for(answer(reader), 30)
                done += 1
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, ValueError):
            await asyncio.sleep(0.05)
    return done


async def nats_client(service, until):
    reader, writer = await asyncio.open_connection('127.0.0.1', service.port)
    writer.write(b'CONNECT {"verbose":false}\r\nSUB a 1\r\n')
    done = 0
    while time.monotonic() < until:
        writer.write(b'PUB a 5\r\nhello\r\n' * 10)
        await writer.drain()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(reader.read(65536), 0.01)
        done += 10
    return done


async def load(service, seconds):
    client = http_client if service.paths else nats_client
    until = time.monotonic() + seconds
    done = await asyncio.gather(*(client(service, until) for _ in range(CLIENTS)), return_exceptions=True)
    return sum(one for one in done if isinstance(one, int))


async def under_load(service):
    """A snapshot in the middle of the load."""
    working = asyncio.create_task(load(service, LOAD_SECONDS))
    await asyncio.sleep(LOAD_SECONDS / 3)
    await asyncio.get_running_loop().run_in_executor(None, service.snapshot, 'busy')
    await working


async def collect(services, minutes):
    """Snapshots of all, idle and then busy."""
    for service in services:
        service.start()
    await asyncio.sleep(START_SECONDS)
    kept = await idle_connections([service for service in services if service.process.poll() is None])
    await asyncio.sleep(minutes * 60)
    loop = asyncio.get_running_loop()
    for service in services:
        if service.process.poll() is None:
            await loop.run_in_executor(None, service.snapshot, 'idle')
    for service in services:
        if service.process.poll() is None:
            await under_load(service)
    for writer in kept:
        writer.close()


def trouble(report):
    """What a report finds in a healthy process, or None."""
    if report is None:
        return 'it was not analysed'
    if report['verdict']['rule'] or report['findings']:
        return '; '.join(f'{finding["certainty"]} {finding["rule"]}: {finding["title"]}' for finding in report['findings'])
    return None


def judge_all(services):
    """One check for each snapshot, and a row of the table for each service."""
    rows = []
    for service in services:
        cells = [service.name]
        for kind in KINDS:
            core = service.folder / f'{kind}.core.zst'
            if not core.exists():
                cells += ['', 'no snapshot']
                continue
            report = tap.Run(core, '--exe', service.exe, '--json').report
            detail = trouble(report)
            tap.check(f'{service.name}, {kind}', detail)
            cells += [f'{report["goroutine_count"]:,}' if report else '', 'found' if detail else '0']
        rows.append(f'| {" | ".join(cells)} |')
    print('\n'.join(['| service | goroutines idle | findings | goroutines busy | findings |', '| --- | --- | --- | --- | --- |', *rows]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', nargs='+', type=pathlib.Path, required=True, help='folders of executables')
    parser.add_argument('--folder', type=pathlib.Path, required=True, help='where snapshots are kept')
    parser.add_argument('--minutes', type=float, default=6, help='before the idle snapshot; 0: judge those that are kept')
    parser.add_argument('--only', nargs='*', help='names of services')
    options = parser.parse_args()
    services = [Service(row, options.bin, options.folder.resolve()) for row in SERVICES if not options.only or row[0] in options.only]
    services = [service for service in services if service.exe]
    try:
        if options.minutes:
            asyncio.run(collect(services, options.minutes))
    finally:
        for service in services:
            service.stop()
    judge_all(services)
    tap.finish()


if __name__ == '__main__':
    main()
