#!/usr/bin/env python3
"""Executables by build-id: from a real debuginfod server on loopback, from servers that misbehave, and never unasked."""
import contextlib
import http.server
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import tap
import terminal

CASE, OTHER = 'amd64-panic', 'amd64-cgo'  # both with a GNU build-id
NO_BUILD_ID = 'arm64-nonleaf-unwind'      # Go 1.23 makes none
START_LIMIT = 30
ANSWER_LIMIT = 20


def unpacked(case):
    return subprocess.run(['zstd', '-dqc', tap.CASES / case / 'exe.zst'], stdout=subprocess.PIPE, check=True).stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def get(url):
    """Status and text; status 0 when nobody answers."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, b''
    except OSError:
        return 0, b''


class Debuginfod:
    """The server of elfutils, over one folder."""

    def __init__(self, folder, files):
        self.url = None
        self.log = folder / 'debuginfod.log'
        for _ in range(3):  # another process may take the port first
            url = f'http://127.0.0.1:{free_port()}'
            with self.log.open('wb') as log:
                self.process = subprocess.Popen(
                    ['debuginfod', '-F', '-t', '0', '-g', '0', '-d', folder / 'index.sqlite', '-p', url.split(':')[-1],
                     files], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            if self.comes_up(url):
                self.url = url
                break
            self.stop()

    def comes_up(self, url):
        until = time.monotonic() + START_LIMIT
        while time.monotonic() < until and self.process.poll() is None:
            if get(f'{url}/buildid/{BUILD_ID}/executable')[0] == 200:
                return True
            time.sleep(0.1)
        return False

    def requests(self):
        """How often it was asked for a file."""
        status, text = get(f'{self.url}/metrics')
        if status != 200:
            raise SystemExit('debuginfod has no metrics')
        return sum(float(line.split()[-1]) for line in text.decode().splitlines()
                   if line.startswith('http_requests_total{') and 'type="metrics"' not in line)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def serving(answer):
    """A server that answers each GET with answer(handler)."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            with contextlib.suppress(OSError):  # the client may hang up
                answer(self)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}'
        finally:
            server.shutdown()
            thread.join()


def body(data):
    def answer(handler):
        handler.send_response(200)
        handler.send_header('Content-Length', str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
    return answer


class Bench:
    """A folder with dumps and without executables; each run has a cache of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.caches = 0
        (folder / 'dumps').mkdir()
        for case in (CASE, OTHER, NO_BUILD_ID):
            (folder / 'dumps' / f'{case}.zst').symlink_to(tap.CASES / case / 'dump.zst')

    def environment(self, url, **more):
        self.caches += 1
        return dict(DEBUGINFOD_URLS=url, DEBUGINFOD_CACHE_PATH=str(self.folder / f'cache{self.caches}'),
                    DEBUGINFOD_TIMEOUT='10', no_proxy='*', **more)

    def dump(self, case=CASE):
        return self.folder / 'dumps' / f'{case}.zst'

    def run(self, url, *args, case=CASE, **more):
        start = time.monotonic()
        done = tap.Run(self.dump(case), '--json', '--goroutines=all', *args, environment=self.environment(url, **more))
        done.seconds = time.monotonic() - start
        return done


def check_source(name, done, source, note=None, identity=None):
    trouble = done.trouble(0)
    if not trouble:
        target, notes = done.report['target'], done.report['notes']
        if target['executable_source'] != source or (identity and target['executable_identity'] != identity):
            trouble = f'{target}\n{notes}'
        elif note and not any(note in text for text in notes):
            trouble = f'no note says "{note}": {notes}'
    return tap.check(name, trouble)


def without_place(report):
    target = {key: value for key, value in report['target'].items() if key not in ('executable', 'executable_source')}
    return dict(report, target=target, input=None)


def check_server(bench, server):
    given = tap.Run(*tap.case_args(CASE), '--json', '--goroutines=all')
    before = server.requests()
    done = bench.run(server.url, LD_DEBUG='files')
    if check_source('fetched', done, 'debuginfod', identity='same') and tap.check('with --exe', given.trouble(0)):
        tap.check('fetched: the same report', None if without_place(done.report) == without_place(given.report)
                  else 'it differs from that with --exe')
        tap.check('fetched: named as the program', None if done.report['target']['executable'] == 'panic'
                  else done.report['target']['executable'])
    tap.check('fetched: the server was asked', None if server.requests() > before else 'no request was counted')
    tap.check('fetched: the client was loaded', None if 'libdebuginfod' in done.err else 'nothing says so')
    check_source('not there', bench.run(server.url, case=OTHER), 'none', 'no server of DEBUGINFOD_URLS has build-id')


def check_log(bench, server):
    """A log's words may tell a build-id: what has it is asked for, and judged by the places that the log names."""
    text = subprocess.run([tap.TORNSTACK, '--traceback', *tap.case_args(CASE)], stdout=subprocess.PIPE, check=True).stdout.decode()
    path = bench.folder / 'log.txt'

    def run(text, *args, url=server.url):
        path.write_text(text)
        return tap.Run(path, '--json', *args, environment=bench.environment(url))

    before = server.requests()
    told = f'# build-id {BUILD_ID}\n'
    check_source('log: fetched', run(text), 'debuginfod', identity='equivalent')
    tap.check('log: the server was asked', None if told in text and server.requests() > before else text[:200])
    said = text.replace(told, '').replace('panic: ', f'panic: serving, BuildID[sha1]={BUILD_ID}, ', 1)
    check_source('log: fetched by the words of its panic', run(said), 'debuginfod', identity='equivalent')
    with serving(body(unpacked(OTHER))) as url:
        check_source('log: another build', run(text.replace(BUILD_ID, build_id_of(OTHER)), url=url), 'none', 'another build')
    check_source('log: in the symbols folder, by its name', run(text.replace(told, ''), '--symbols', bench.folder / 'files', url=''), 'found',
                 identity='equivalent')
    before = server.requests()
    check_source('log: no build-id', run(text.replace(told, '')), 'none')
    check_source('log: half a build-id', run(text.replace(BUILD_ID, BUILD_ID[:15])), 'none')
    tap.check('log: the server was not asked', None if server.requests() == before else 'a request was counted')


def check_many_builds(bench):
    """A log of many crashes may name a build with each: the last one, and 20 others, are asked for."""
    crashes = [f'panic: serving, BuildID[sha1]={number:040x}\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:5 +0x1d\nexit status 2\n'
               for number in range(1, 61)]
    asked = set()

    def refuse(handler):
        asked.add(handler.path)
        handler.send_error(404)

    path = bench.folder / 'builds.txt'
    path.write_text(''.join(crashes))
    with serving(refuse) as url:
        for option in ('--json', '--brief'):
            asked.clear()
            done = tap.Run(path, option, environment=bench.environment(url))
            tap.check(f'60 builds in a log, {option}: 21 are asked for, the last among them', done.trouble(0) or
                      (None if len(asked) == 21 and f'/buildid/{60:040x}/executable' in asked else sorted(asked)))
        asked.clear()
        path.write_text(crashes[0] * 30)
        tap.Run(path, '--json', environment=bench.environment(url))
        tap.check('one build in a log of 30 crashes: it alone is asked for', None if len(asked) == 1 else sorted(asked))


def check_unasked(bench, server):
    before = server.requests()
    for name, environment in (('unset', {}), ('empty', {'DEBUGINFOD_URLS': ''}), ('blank', {'DEBUGINFOD_URLS': ' '})):
        done = tap.Run(bench.dump(), '--json', environment=dict(environment, LD_DEBUG='files'))
        check_source(f'{name}: not fetched', done, 'none', 'DEBUGINFOD_URLS')
        loaded = [library for library in ('libdebuginfod', 'libcurl') if library in done.err]
        tap.check(f'{name}: no network library is loaded', ', '.join(loaded))
    check_source('found first', bench.run(server.url, '--symbols', bench.folder / 'files'), 'found')
    check_source('given', bench.run(server.url, '--exe', tap.CASES / CASE / 'exe.zst'), 'given')
    check_source('no build-id', bench.run(server.url, case=NO_BUILD_ID), 'none', 'does not hold its GNU build-id')
    tap.check('the server was not asked', None if server.requests() == before else 'a request was counted')


def check_bad_servers(bench):
    done = bench.run(f'http://127.0.0.1:{free_port()}')
    check_source('nobody there', done, 'none', 'no executable from debuginfod')
    tap.check('nobody there: quick', None if done.seconds < ANSWER_LIMIT else f'{done.seconds:.0f} s')
    with serving(body(unpacked(OTHER))) as url:
        check_source('another build', bench.run(url), 'none', 'its build-id is not the one in the dump')
    forged = unpacked(OTHER).replace(bytes.fromhex(build_id_of(OTHER)), bytes.fromhex(BUILD_ID))
    with serving(body(forged)) as url:
        check_source('half-forged build-id', bench.run(url), 'none', 'its Go build ID is not the one in the dump')
    forged = forged.replace(go_build_id(forged), go_build_id(unpacked(CASE)))
    with serving(body(forged)) as url:
        done = bench.run(url)
        if check_source('forged build-id', done, 'debuginfod', identity='mismatch'):
            verdict = done.report['verdict']['certainty']
            tap.check('forged build-id: nothing is likely', None if verdict in ('possible', 'unknown') else verdict)
    with serving(body(b'<html>')) as url:
        check_source('no executable', bench.run(url), 'none', 'it is not an executable')
    with serving(body(bytes(64 << 20))) as url:
        check_source('too large', bench.run(url, '--max-size=48M'), 'none', 'is larger than')


def check_interrupt(bench):
    asked, over = threading.Event(), threading.Event()

    def stall(_):
        asked.set()
        over.wait(tap.TIMEOUT)

    with serving(stall) as url:
        process = subprocess.Popen([tap.TORNSTACK, bench.dump()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=tap.environment_of(**bench.environment(url)),
                                   preexec_fn=terminal.take_interrupts)
        tap.check('interrupted: it had asked', None if asked.wait(tap.TIMEOUT) else 'no request came')
        process.send_signal(signal.SIGINT)
        try:
            status = process.wait(ANSWER_LIMIT)
            tap.check('interrupted while it waits', None if status == 130 else f'exit status {status}')
        except subprocess.TimeoutExpired:
            tap.check('interrupted while it waits', f'still running after {ANSWER_LIMIT} s')
            process.kill()
            process.wait()
        over.set()


def build_id_of(case):
    return tap.Run(*tap.case_args(case), '--json').report['target']['build_id']


def go_build_id(program):
    """The text in its .note.go.buildid."""
    return re.search(rb'Go\0\0([\w/-]{40,})', program)[1]


BUILD_ID = build_id_of(CASE)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / 'files').mkdir()
        (folder / 'files' / 'panic').write_bytes(unpacked(CASE))
        bench = Bench(folder)
        server = Debuginfod(folder, folder / 'files')
        if tap.check('debuginfod serves', None if server.url else server.log.read_text(errors='replace')[-2000:]):
            try:
                check_server(bench, server)
                check_unasked(bench, server)
                check_log(bench, server)
            finally:
                server.stop()
        check_many_builds(bench)
        check_bad_servers(bench)
        check_interrupt(bench)
    tap.finish()


main()
