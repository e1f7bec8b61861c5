#!/usr/bin/env python3
"""Completion in the shells that are here: commands, options, values, rules, states, files."""
import shutil
import subprocess
import tempfile

import tap

SCRIPTS = tap.TORNSTACK.parent / 'completion'

# What is typed; what must be offered; what must not.
TRIES = (
    ('tornstack gor', ['goroutines'], ['scan']),
    ('tornstack --js', ['--json'], ['--jobs']),
    ('tornstack goroutines --sta', ['--state'], ['--json']),
    ('tornstack goroutines --state=sel', ['select'], ['chan receive', 'runnable']),
    ('tornstack goroutines --state=chan', ['chan receive', 'chan receive (nil chan)'], ['select']),
    ('tornstack scan --sa', ['--sarif'], ['--state']),
    ('tornstack core --goroutines=', ['findings', 'groups', 'all'], ['auto']),
    ('tornstack explain spl', ['split-sp'], ['torn-pc', 'service.log']),
    ('tornstack explain golang/go#7797', ['golang/go#77975'], ['golang/go#73259']),
    ('tornstack help ', ['dumps', 'scan'], ['service.log']),
    ('tornstack serv', ['service.log'], ['scan']),
    ('tornstack scan serv', ['service.log'], ['--json']),
    ('tornstack core --exe=serv', ['service.log'], ['scan']),
)

BASH = r'''source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
read -ra COMP_WORDS <<<"$2"
[[ $2 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_tornstack
printf '%s\n' "${COMPREPLY[@]//\\/}"
'''

# What the script hands to zsh's own functions.
ZSH = r'''compadd() { print -rl -- "${@:2}" }
_files() { print FILES }
_arguments() { print -rl -- "${@:2}" }
words=(${(z)2}) CURRENT=$3
source "$1"
'''


def bash(line, folder):
    return subprocess.run(['bash', '-c', BASH, 'bash', str(SCRIPTS / 'bash'), line], cwd=folder, capture_output=True, text=True)


def fish(line, folder):
    done = subprocess.run(['fish', '--no-config', '-c', f'source {SCRIPTS / "fish"}; complete -C {line!r}'], cwd=folder,
                          capture_output=True, text=True, env=tap.environment_of(HOME=str(folder)))
    # An option's value is offered with the option; a description follows a tab.
    done.stdout = '\n'.join(offer.split('\t')[0].split('=')[-1].replace('\\', '') for offer in done.stdout.splitlines())
    return done


def check(shell, complete, folder):
    for line, wanted, unwanted in TRIES:
        done = complete(line, folder)
        offers = [offer.strip().rstrip('=') for offer in done.stdout.splitlines()]
        missing = [word for word in wanted if word not in offers]
        wrong = [word for word in unwanted if word in offers]
        tap.check(f'{shell}: {line!r}', (missing or wrong or done.stderr) and f'{missing=} {wrong=} {offers[:20]} {done.stderr}')


def check_zsh():
    for line, current, wanted in (('tornstack gor', 2, ['goroutines', 'FILES']), ('tornstack --js', 2, ['--json[']),
                                  ('tornstack goroutines --sta', 3, ['--state=[', '\\(nil\\ chan\\)']),
                                  ('tornstack core --goroutines=', 3, ['(findings groups all)']), ('tornstack explain spl', 3, ['split-sp '])):
        done = subprocess.run(['zsh', '-fc', ZSH, 'zsh', str(SCRIPTS / 'zsh'), line, str(current)], capture_output=True, text=True)
        missing = [word for word in wanted if word not in done.stdout]
        tap.check(f'zsh: {line!r}', (missing or done.stderr) and f'{missing} {done.stdout} {done.stderr}')


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name in ('service.log', 'core'):
            open(f'{folder}/{name}', 'w', encoding='utf-8').close()
        check('bash', bash, folder)
        if shutil.which('fish'):
            check('fish', fish, folder)
        if shutil.which('zsh'):
            check_zsh()
    tap.finish()


if __name__ == '__main__':
    main()
