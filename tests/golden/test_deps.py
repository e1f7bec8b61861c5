#!/usr/bin/env python3
"""What .ci/deps says where it can install nothing: one sentence that names the packages as that system names them, and status 1."""
import pathlib
import re
import shutil
import subprocess
import tempfile

import tap

DEPS = tap.ROOT / '.ci/deps'
TOOLS = ('bash', 'awk', 'cat', 'dirname', 'mktemp', 'paste', 'rm', 'sort', 'tr', 'uname')
NOBODY = '#!/bin/sh\necho 1000\n'
REFUSING = '#!/bin/sh\necho "sudo: a password is required" >&2; exit 1\n'


def machine(folder, **programs):
    """A folder for PATH with no compiler, no pkg-config, and these programs."""
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool))
    for name, text in programs.items():
        path = folder / name.replace('_', '-')
        path.write_text(text)
        path.chmod(0o755)
    return folder


def ask(path):
    return subprocess.run([shutil.which('bash'), str(DEPS)], env={'PATH': str(path)}, capture_output=True, text=True)


def says(name, path, *wanted, unwanted=()):
    done = ask(path)
    lines = done.stderr.splitlines()
    wrong = [word for word in wanted if word not in done.stderr] + [word for word in unwanted if word in done.stderr]
    tap.check(name, None if done.returncode == 1 and len(lines) == 1 and not wrong else f'{wrong}, status {done.returncode}: {done.stderr}')


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        silent = '#!/bin/sh\n'
        says('Fedora', machine(folder / 'fedora', dnf=silent), 'dnf install ', 'elfutils-libelf-devel', 'jansson-devel',
             unwanted=('libelf-dev ', ' pkg-config '))
        says('Alpine', machine(folder / 'alpine', apk=silent), 'apk add ', 'elfutils-dev', 'capstone-dev')
        says('another system', machine(folder / 'other'), 'packages of Debian', 'libelf-dev')
        says('no sudo', machine(folder / 'plain', apt_get=silent, id=NOBODY), 'no sudo', 'apt-get install', 'libelf-dev')
        says('sudo asks for a password', machine(folder / 'asking', apt_get=silent, id=NOBODY, sudo=REFUSING), 'a password',
             'sudo apt-get install', 'libelf-dev', unwanted=('is required',))
    # Of the build and the tests; what else there is needs what only Debian's names are known of.
    text = re.split(r'\ncase .* in --ci', DEPS.read_text())[0]
    named = set(re.findall(r'(?:program|module) \S+ ([a-z0-9.+-]+)$|missing\+=\(([a-z0-9 .+-]+)\)', text, re.M))
    needed = {package for pair in named for group in pair for package in group.split()}
    rows = {line.split()[0] for line in (tap.ROOT / '.ci/packages').read_text().splitlines() if line and line[0] != '#'}
    tap.check('.ci/packages has a row for each package', None if len(needed) > 15 and needed <= rows else f'{sorted(needed - rows)}')
    tap.finish()


main()
