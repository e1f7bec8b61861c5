#!/usr/bin/env python3
"""The manual pages: sound mdoc, and in step with what the program says of itself."""
import collections
import re
import subprocess

import tap

PAGE = tap.ROOT / 'docs/tornstack.1'
PATTERN_PAGE = tap.ROOT / 'docs/tornstack-core-pattern.7'

# Of mandoc's advice on style: how the sources are broken into lines, and what else is installed where it runs.
NO_MATTER = ('input text line longer than 80 bytes', 'referenced manual not found')


def lint(page):
    done = subprocess.run(['mandoc', '-T', 'lint', str(page)], capture_output=True, text=True)
    said = [line for line in done.stdout.splitlines() if not any(words in line for words in NO_MATTER)]
    tap.check(f'{page.name}: mandoc finds nothing', '\n'.join(said))


def help_of(command):
    return tap.Run(*command.split(), '--help', environment={'ARGP_HELP_FMT': 'rmargin=200'}).out.decode()


def commands():
    """Those that --help lists."""
    listed = re.search(r'^ Commands.*?\n\n', help_of(''), re.M | re.S).group()
    return re.findall(r'^  ([a-z]+) \S', listed, re.M)


def helped_options():
    """{long name: {(letter or '', name of the value or '')}}, of every command."""
    options = collections.defaultdict(set)
    for command in commands():
        for letter, name, value in re.findall(r'^ +(?:-(.), +)?--([a-z-]+)(?:=([A-Z]+))?(?= |$)', help_of(command), re.M):
            options[name].add((letter, value))
    return options


def manual_options(text):
    """The same of the page's lists of options: `.It Fl o Ar FILE , Fl -output Ns = Ns Ar FILE`."""
    options = collections.defaultdict(set)
    for item in re.findall(r'^\.It (Fl .*)$', text, re.M):
        flags = re.findall(r'Fl (-?)([a-zA-Z-]+)(?: Ns = Ns)?(?: Ar ([A-Z]+))?', item)
        letters = [(name, value) for dash, name, value in flags if not dash]
        for _, name, value in (flag for flag in flags if flag[0]):
            told = value if not letters or letters[0][1] == value else f'{letters[0][1]} and {value}'
            options[name].add((letters[0][0] if letters else '', told))
    return options


def in_step(text):
    helped, manual = helped_options(), manual_options(text)
    tap.check('--help has options', None if len(helped) > 30 else helped)
    for name in sorted(helped.keys() | manual.keys()):
        tap.check(f'--{name}', None if helped.get(name) == manual.get(name) else f'--help: {helped.get(name)}; page: {manual.get(name)}')
    synopsis = set(re.findall(r'^\.(?:Op )?Cm ([a-z]+)$', text.split('.Sh DESCRIPTION')[0], re.M))
    tap.check('the commands of the synopsis', ' '.join(sorted(synopsis ^ set(commands()))))
    for command in (name for name in commands() if name not in ('analyze', 'help')):
        tap.check(f'{command} --help is its own', None if f'tornstack {command} ' in help_of(command) else help_of(command)[:100])


def core_pattern(page):
    """The line for the kernel is one and the same wherever it stands, and the options are those of handle."""
    line = re.compile(r'\|(/[\w/]+/tornstack handle (?:\\&)?%P[%\w\s\\&]*%e)')
    said = ' '.join(tap.Run('handle', '--help').out.decode().split())
    wanted = line.search(said).group(1).split('/tornstack', 1)[1]
    for path in PAGE, PATTERN_PAGE, tap.ROOT / 'docs/core-pattern.md':
        found = {match.replace('\\&', '').split('/tornstack', 1)[1] for match in line.findall(path.read_text(encoding='utf-8'))}
        tap.check(f'{path.name}: the line for core_pattern', None if found == {wanted} else f'{found}, not {wanted}')
    known = set(re.findall(r'--([a-z-]+)', said)) - {'help'}
    named = set(re.findall(r'Fl -([a-z-]+)', page))
    tap.check('the options of handle', ' '.join(sorted(known ^ named)))


def main():
    lint(PAGE)
    lint(PATTERN_PAGE)
    in_step(PAGE.read_text(encoding='utf-8'))
    core_pattern(PATTERN_PAGE.read_text(encoding='utf-8'))
    tap.finish()


main()
