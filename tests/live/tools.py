#!/usr/bin/env python3
"""What tornstack writes is opened by the programs that it is written for: gdb, Delve, lldb and eu-stack print the same stacks of a slim core as
of the core; minidump-stackwalk and python's minidump read slim minidumps; go tool pprof, panicparse and speedscope, reports. One that is not
there and cannot be installed is left out, which is said.

usage: tests/live/tools.py [--only WORD]    needs Go; dumps are of fixtures and of the zoo, built with DWARF"""
import argparse
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / 'tests'), str(ROOT / 'tests/live')]
import peer  # noqa: E402
import peer_delve  # noqa: E402
import peer_gdb  # noqa: E402
import tap  # noqa: E402

MINIDUMP = 'windows-amd64-panic'
SECONDS = 120


def run(command, data=b'', **more):
    done = subprocess.run([str(word) for word in command], input=data, capture_output=True, timeout=SECONDS, check=False, **more)
    return done.returncode, done.stdout.decode(errors='replace') + done.stderr.decode(errors='replace')


def version(command, pattern=r'\d+\.[\d.]+\S*'):
    match = re.search(pattern, run(command)[1])
    return match.group(0) if match else 'of unknown version'


def crash(folder):
    """The zoo, with DWARF, and the core of one of its ends."""
    exe, place = folder / 'zoo', folder / 'place'
    subprocess.run(['go', 'build', '-o', exe, '.'], cwd=ROOT / 'fixtures/src/zoo', check=True,
                   env=dict(os.environ, CGO_ENABLED='0', GOFLAGS='-trimpath -buildvcs=false'))
    place.mkdir()
    subprocess.run(['sh', '-c', 'ulimit -c unlimited; exec "$@"', 'sh', exe, 'panic'], cwd=place, capture_output=True, timeout=SECONDS,
                   check=False, env={'GOTRACEBACK': 'crash', 'PATH': os.environ['PATH']})
    return exe, next(place.glob('*core*'))


def stacks(adapter, core, exe):
    """What a debugger says of goroutines and threads, in its order."""
    program = adapter.find()
    answer = adapter.read(peer.run(adapter.command(program, core, exe), adapter.stdin))
    return [(one.id, one.status, [(frame.function, frame.file, frame.line, frame.pc, frame.sp) for frame in one.frames])
            for one in answer.goroutines]


def place(stack):
    """gdb has threads in any order, and some of them without a goroutine."""
    return stack[0] or 0, [frame[4] or frame[3] for frame in stack[2]]


def check_peer(adapter, core, slim, exe):
    try:
        name = f'{adapter.name} {adapter.version(adapter.find())}'
    except peer.Missing as missing:
        print(f'# {adapter.name} is left out: {missing}')
        return
    whole, small = (sorted(stacks(adapter, dump, exe), key=place) for dump in (core, slim))
    frames = sum(len(one[2]) for one in whole)
    first = next((f'{a}\n{b}' for a, b in zip(whole, small) if a != b), f'{len(whole)} and {len(small)} stacks')
    tap.check(f'{name}: {len(whole)} stacks, {frames} frames of both', None if whole == small and frames else first)


def addresses(text):
    """pc and function of each frame, in order, as lldb and eu-stack print them."""
    return re.findall(r'#\d+:?\s+0x([0-9a-f]+)\s+(\S+)', text.replace('frame ', ''))


def check_text(name, command, core, slim):
    """Of a program whose stacks are compared as it prints them."""
    if not shutil.which(command[0]):
        print(f'# {command[0]} is left out: not on the PATH')
        return
    whole, small = (addresses(run([word if word != 'CORE' else path for word in command])[1]) for path in (core, slim))
    tap.check(f'{name}: {len(whole)} frames of both', None if whole == small and whole else f'{whole[:3]} {small[:3]}')


def check_cores(folder):
    exe, core = crash(folder)
    slim = folder / 'slim'
    tap.check('a slim core', tap.Run('slim', core, '--exe', exe, '-o', slim).trouble(0))
    print(f'# {core.stat().st_size} bytes, slim {slim.stat().st_size}')
    check_peer(peer_gdb.PEER, core, slim, exe)
    check_peer(peer_delve.PEER, core, slim, exe)
    check_text(f'lldb {version(["lldb", "--version"])}' if shutil.which('lldb') else 'lldb',
               ['lldb', '--no-lldbinit', '-b', '-c', 'CORE', exe, '-o', 'bt all'], core, slim)
    check_text(f'eu-stack {version(["eu-stack", "--version"])}', ['eu-stack', '--core', 'CORE', '-e', exe], core, slim)
    check_reports(core, exe, folder)


def is_in(words, text):
    missing = [word for word in words if word not in text]
    return f'{missing} not in {text[:600]}' if missing else None


def check_reports(core, exe, folder):
    profile, text, folded = folder / 'goroutines.pb.gz', folder / 'goroutines.txt', folder / 'goroutines.folded'
    for path, options in ((profile, ['--format=pprof']), (text, ['--traceback']), (folded, ['--format=folded'])):
        path.write_bytes(tap.Run(core, '--exe', exe, *options).out)
    top = run(['go', 'tool', 'pprof', '-top', profile])[1]
    tap.check(f'go tool pprof -top of {version(["go", "version"], "go1[.0-9]+")}', is_in(['Type: goroutine', 'runtime.gopark'], top))
    try:
        program = peer.go_install('github.com/maruel/panicparse/v2/cmd/pp')
        tap.check(f'panicparse {peer.go_version(program)}', is_in(['main.'], run([program, '-no-color', text])[1]))
    except peer.Missing as missing:
        print(f'# panicparse is left out: {missing}')
    check_speedscope(folder, [profile, folded])


# Its importer is part of its page. The page is given a file as its own command does (bin/cli.mjs), and read when it has drawn it.
def check_speedscope(folder, files):
    package = pathlib.Path(os.environ.get('SPEEDSCOPE', peer.FOLDER / 'node_modules/speedscope'))
    browser = shutil.which('chromium') or shutil.which('google-chrome')
    if not package.exists() and shutil.which('npm'):
        peer.FOLDER.mkdir(parents=True, exist_ok=True)
        run(['npm', 'install', '--no-audit', '--no-fund', '--prefix', peer.FOLDER, 'speedscope'])
    if not package.exists() or not browser:
        print('# speedscope is left out: it, npm or chromium is not here')
        return
    import base64
    page = next((package / 'dist/release').glob('index.html'))
    release = version(['cat', package / 'package.json'], r'(?<="version": ")[\d.]+')
    for path in files:
        data = gzip.decompress(path.read_bytes()) if path.suffix == '.gz' else path.read_bytes()
        script = folder / 'profile.js'
        script.write_text(f'speedscope.loadFileFromBase64("{path.name}", "{base64.b64encode(data).decode()}")')
        dom = run([browser, '--headless', '--no-sandbox', '--disable-gpu', '--allow-file-access-from-files', '--virtual-time-budget=8000',
                   f'--user-data-dir={folder / "browser"}', '--dump-dom', f'file://{page}#localProfilePath={script}'])[1]
        shown = re.sub(r'<[^>]*>', ' ', re.sub(r'(?s)<(style|script).*?</\1>', '', dom))
        tap.check(f'speedscope {release}: {path.name}', is_in(['Time Order', path.name], shown))


def check_minidumps(folder):
    args = tap.case_args(MINIDUMP)
    slim = folder / 'slim.dmp'
    tap.check('a slim minidump', tap.Run('slim', *args, '-o', slim).trouble(0))
    python = os.environ.get('MINIDUMP_PYTHON', sys.executable)
    status, text = run([python, '-c', 'import sys\nfrom importlib.metadata import version\nfrom minidump.minidumpfile import MinidumpFile\n'
                        'dump = MinidumpFile.parse(sys.argv[1])\nreader = dump.get_reader().get_buffered_reader()\n'
                        'stack = dump.threads.threads[0].Stack\nreader.move(stack.StartOfMemoryRange)\n'
                        'print(version("minidump"), len(dump.threads.threads), len(dump.modules.modules), len(reader.read(16)))', slim])
    if 'No module named' in text:
        print('# python minidump is left out: pip install minidump')
    else:
        tap.check(f'python minidump {text.split()[0] if not status else ""}', None if not status and text.split()[3] == '16' else text[-600:])
    program = os.environ.get('STACKWALK') or shutil.which('minidump-stackwalk')
    if not program:
        print('# minidump-stackwalk is left out: cargo install minidump-stackwalk')
        return
    whole, small = (run([program, '--human', path])[1] for path in (plain(args[0], folder), slim))
    modules = re.compile(r'^ *\d+  .*(?:!| \+ 0x).*$', re.M)
    tap.check(f'minidump-stackwalk {version([program, "--version"])}: {len(modules.findall(small))} frames',
              None if 'Thread' in small and modules.findall(small)[:1] == modules.findall(whole)[:1] else small[-600:])


def plain(dump, folder):
    """As whom nobody compressed."""
    path = folder / 'whole.dmp'
    path.write_bytes(subprocess.run(['zstd', '-dcq', dump], capture_output=True, check=True).stdout)
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--only', default='', help='cores or minidumps')
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as name:
        for word, check in (('minidumps', check_minidumps), ('cores', check_cores)):
            if only in word:
                folder = pathlib.Path(name) / word
                folder.mkdir()
                check(folder)
    tap.finish()


main()
