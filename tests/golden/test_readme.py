#!/usr/bin/env python3
"""What README.md and docs/ say is so: the sample and the drawing are what tornstack prints (with UPDATE=1 they are rewritten), commands end
well, and links lead somewhere."""
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import xml.etree.ElementTree

import tap

SECTIONS = ('What happened', 'Stack of goroutine', 'Do now')
SAMPLE = re.compile(r'(<!-- sample: (\S+) -->\n).*?(<!-- /sample -->)', re.S)
DRAWN = 'arm64-nonleaf-unwind-stripped'
CRASH = 'amd64-panic'
PAGES = ('README.md', 'docs/usage.md')
# Of a process that runs: test_live. What Go and a terminal are needed for is no command of these pages.
ELSEWHERE = re.compile(r'tornstack 4242')


def sample(case):
    """The head of the report and some of its sections, as a block of Markdown code."""
    text = tap.Run(*tap.case_args(case), '--color=never').out.decode(errors='replace')
    sections = [section.splitlines() for section in text.strip('\n').split('\n\n')]
    kept, gap = list(sections[0]), False
    for section in sections[1:]:
        if section[0].startswith(SECTIONS):
            kept += (['', '…'] if gap else []) + [''] + section
        gap = not section[0].startswith(SECTIONS)
    return '\n' + '\n'.join(f'    {line}'.rstrip() for line in kept) + '\n\n'


def drawing(case):
    """The drawing of the HTML report as a file: with the colours and rules that the page has for drawings, and the page's ground."""
    page = tap.Run('--html', *tap.case_args(case)).out.decode()
    svg = re.search(r'<svg class="stack".*?</svg>', page, re.S).group()
    style = re.search(r'<style>(.*?)</style>', page, re.S).group(1)
    colours = style[style.index(':root'):style.index('* {')]
    rules = style[style.index('/* drawings */'):style.index('.waits')]
    head, inside = svg.split('>', 1)
    return (f'{head} xmlns="http://www.w3.org/2000/svg">\n<style>\n{colours}{rules.rstrip()}\n</style>\n'
            f'<rect width="100%" height="100%" fill="var(--ground)"/>{inside}\n')


def same(name, path, now):
    if tap.UPDATE:
        path.write_text(now, encoding='utf-8')
    tap.check(name, None if path.exists() and path.read_text(encoding='utf-8') == now else 'it differs: UPDATE=1 rewrites it')


def scene(folder):
    """A folder in which what the pages name is there."""
    for name, file in (('exe', 'service'), ('dump', 'core')):
        subprocess.run(['zstd', '-dq', str(tap.CASES / CRASH / f'{name}.zst'), '-o', str(folder / file)], check=True)
    for name in 'cores', 'dist', 'build', 'bin':
        (folder / name).mkdir()
    os.link(folder / 'core', folder / 'cores/core.1')
    os.link(folder / 'service', folder / 'dist/service')
    (folder / 'core.zst').symlink_to(tap.CASES / CRASH / 'dump.zst')
    (folder / 'service.log').write_bytes((tap.ROOT / 'fixtures/logs/chain/log.txt').read_bytes())
    for place in 'build', 'bin':
        (folder / place / 'tornstack').symlink_to(tap.TORNSTACK)
    kubectl = folder / 'bin/kubectl'
    kubectl.write_text('#!/bin/sh\n[ "$*" = "logs -p POD" ] && exec cat service.log\n')
    kubectl.chmod(0o755)
    subprocess.run(['bin/tornstack', 'triage', '-q', '--db', 'crashes.db', 'cores'], cwd=folder, env=paths(folder), capture_output=True, check=False)


def paths(folder):
    return tap.environment_of(PATH=f'{folder}/bin:{os.environ["PATH"]}')


def commands(text):
    """Lines of code that run tornstack, without what is said of them behind two spaces."""
    for line in re.findall(r'^    (.*tornstack.*)$', SAMPLE.sub('', text), re.M):
        command = line.split('  ')[0].strip()
        if 'tornstack' in re.split(r'[\s|]+', command.replace('build/', '')) and not ELSEWHERE.search(command):
            yield command


def run_commands(folder, page):
    found = list(commands((tap.ROOT / page).read_text(encoding='utf-8')))
    tap.check(f'{page}: it has commands', None if len(found) > 5 else found)
    for command in found:
        done = subprocess.run(['sh', '-c', command], cwd=folder, env=paths(folder), stdin=subprocess.DEVNULL, capture_output=True, timeout=tap.TIMEOUT,
                              check=False)
        allowed = (0, 3) if '--exit-code' in command else (0,)
        tap.check(f'{page}: {command}', None if done.returncode in allowed and (done.stdout or ' -o ' in command) else
                  f'{done.returncode}: {done.stderr.decode()[-500:]}')
    made = [shlex.split(command)[shlex.split(command).index('-o') + 1] for command in found if ' -o ' in command]
    tap.check(f'{page}: what they make is there', ' '.join(file for file in made if not (folder / file).stat().st_size))


def links(page):
    text = page.read_text(encoding='utf-8')
    broken = [link for link in re.findall(r'\]\(([^)\s#]+)[^)]*\)', text) if '://' not in link and not (page.parent / link).exists()]
    tap.check(f'{page.relative_to(tap.ROOT)}: its links', ' '.join(broken))


def index():
    text = (tap.ROOT / 'docs/README.md').read_text(encoding='utf-8')
    pages = [path.name for path in (tap.ROOT / 'docs').glob('*.md')] + [path.name for path in (tap.ROOT / 'docs').glob('*.json')]
    tap.check('docs/README.md names every page', ' '.join(name for name in pages if name != 'README.md' and f']({name})' not in text))


def main():
    path = tap.ROOT / 'README.md'
    text = path.read_text(encoding='utf-8')
    tap.check('README.md has a sample', None if SAMPLE.search(text) else 'none')
    same('the sample is real output', path, SAMPLE.sub(lambda match: match.group(1) + sample(match.group(2)) + match.group(3), text))
    picture = drawing(DRAWN)
    xml.etree.ElementTree.fromstring(picture)
    same('the drawing is that of the report', tap.ROOT / 'docs/torn-stack.svg', picture)
    tap.check('README.md shows it', None if '](docs/torn-stack.svg)' in text else 'no')
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scene(folder)
        for page in PAGES:
            run_commands(folder, page)
    for page in (path, *sorted((tap.ROOT / 'docs').glob('*.md'))):
        links(page)
    index()
    tap.finish()


main()
