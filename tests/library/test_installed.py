#!/usr/bin/env python3
"""The installed library, as a stranger's program finds it: header, pkg-config, names, the examples of docs/embedding.md."""
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

import installed
import tap

CASE = 'arm64-nonleaf-unwind-stripped'
EXAMPLES = tap.ROOT / 'docs/examples'
QUOTED = re.compile(r'(<!-- file: (\S+) -->\n).*?(<!-- /file -->)', re.S)
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']


def run(command, environment):
    return subprocess.run(command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)


def flags(environment, *options):
    return shlex.split(run(['pkg-config', '--cflags', '--libs', *options, 'tornstack'], environment).stdout)


def built(compiler, source, environment, output, *options):
    """What a compiler says of a program that is linked with the library, or None."""
    return run([*compiler, *STRICT, str(source), '-o', str(output), *flags(environment, *options)], environment).stderr or None


def trouble_of_verdict(program, environment):
    """The C example says what the JSON report says."""
    dump, exe = tap.CASES / CASE / 'dump.zst', tap.CASES / CASE / 'exe.zst'
    report = tap.Run('--json', dump, '--exe', exe).report
    finding = tap.verdict_finding(report)
    stack = next(g for g in report['goroutines'] if g['id'] == finding['goroutine'])
    expected = [f'{report["verdict"]["certainty"]}: {report["verdict"]["headline"]}',
                *(('+ ' if piece['for'] else '- ') + piece['text'] for piece in finding['evidence']),
                *(f'  {frame["pc"]}  {frame["function"]}' for frame in stack['frames']), f'  ({stack["end"]})']
    done = run([str(program), str(dump), str(exe)], environment)
    return done.stderr or (done.stdout.splitlines() != expected and f'{done.stdout}\ninstead of\n' + '\n'.join(expected)) or None


def trouble_of_defects(program, environment):
    """The C++ example finds one defect in two dumps of it, and another."""
    dumps = [tap.CASES / case / 'dump.zst' for case in (CASE, 'amd64-nil', CASE)]
    lines = run([str(program), *map(str, dumps)], environment).stdout.splitlines()
    counts = sorted(line.split()[1] for line in lines)
    return None if counts == ['1', '2'] else f'{lines}'


def declared():
    """Functions of the header that are not inline."""
    text = re.sub(r'/\*.*?\*/', '', (tap.ROOT / 'lib/tornstack.h').read_text(), flags=re.S)
    text = re.sub(r'^static inline .*?^}', '', text, flags=re.S | re.M)
    return set(re.findall(r'^[a-z].*?\b(ts_\w+)\(', text, re.M))


def exported(library, environment):
    names = run(['nm', '-D', '--defined-only', str(library)], environment).stdout.split()
    return {name for name in names if '@' in name}


def check_examples(root, environment):
    compilers = {'gcc': (['gcc', '-std=c11'], ['g++', '-std=c++17', '-pthread']), 'clang': (['clang', '-std=c11'], ['clang++', '-std=c++17', '-pthread'])}
    for name, (c, cxx) in compilers.items():
        if any(subprocess.run(['which', compiler[0]], stdout=subprocess.DEVNULL).returncode for compiler in (c, cxx)):
            continue
        verdict, defects = (pathlib.Path(root) / f'{program}-{name}' for program in ('verdict', 'defects'))
        if tap.check(f'{name}: the C example is built', built(c, EXAMPLES / 'verdict.c', environment, verdict)):
            tap.check(f'{name}: it says what the report says', trouble_of_verdict(verdict, environment))
        if tap.check(f'{name}: the C++ example is built', built(cxx, EXAMPLES / 'defects.cpp', environment, defects)):
            tap.check(f'{name}: it tells defects apart', trouble_of_defects(defects, environment))
    static = pathlib.Path(root) / 'static'
    library = pathlib.Path(root) / 'usr/lib/libtornstack.so'
    library.unlink()
    if tap.check('the C example is built with the .a', built(['gcc', '-std=c11'], EXAMPLES / 'verdict.c', environment, static, '--static')):
        tap.check('it says the same', trouble_of_verdict(static, environment))


def check_document():
    path = tap.ROOT / 'docs/embedding.md'
    text = path.read_text(encoding='utf-8')

    def quote(match):
        code = (tap.ROOT / 'docs' / match.group(2)).read_text(encoding='utf-8')
        return match.group(1) + '\n' + ''.join(f'    {line}'.rstrip() + '\n' for line in code.splitlines()) + '\n' + match.group(3)

    now = QUOTED.sub(quote, text)
    if tap.UPDATE:
        path.write_text(now, encoding='utf-8')
        text = now
    tap.check('docs/embedding.md quotes the examples', None if text == now else 'it differs: UPDATE=1 rewrites it')


def main():
    check_document()
    with tempfile.TemporaryDirectory() as root:
        tap.check('make install', installed.install(root))
        environment = installed.environment(root)
        library = pathlib.Path(root) / 'usr/lib/libtornstack.so'
        names = exported(library, environment)
        tap.check('it has the names of the header, with versions, and no other', names ^ {f'{name}@@TORNSTACK_0.1' for name in declared()})
        needs = run(['readelf', '-d', str(library)], environment).stdout
        tap.check('its soname is that of the link', None if '[libtornstack.so.0]' in needs and os.readlink(library) == 'libtornstack.so.0' else needs)
        version = run(['pkg-config', '--modversion', 'tornstack'], environment).stdout.strip()
        tap.check('pkg-config knows its version', None if f'tornstack {version}' == tap.Run('--version').out.decode().strip() else version)
        check_examples(root, environment)
    tap.finish()


main()
