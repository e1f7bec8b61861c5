#!/usr/bin/env python3
"""action.yml: its steps, run here as a runner runs them, on executables that are exposed, that are not, and that are none."""
import json
import os
import pathlib
import re
import subprocess
import tempfile

import tap
import yaml

ACTION = yaml.safe_load((tap.ROOT / 'action.yml').read_text(encoding='utf-8'))
EXPOSED = 'arm64-nonleaf-unwind-stripped'
SOUND = 'amd64-panic'


def expand(text, context):
    """Expressions, of which the action has only names and `==` joined by &&."""
    def value(name):
        return context[name.strip()]
    return re.sub(r'\$\{\{(.*?)\}\}', lambda match: value(match.group(1)), text)


def holds(condition, context):
    for term in condition.split('&&'):
        name, wanted = (side.strip() for side in term.split('=='))
        if context.get(name, '') != wanted.strip("'"):
            return False
    return True


def run_action(folder, **inputs):
    """(the steps that ran, status of the one that failed or 0, what was printed, outputs)."""
    context = {f'inputs.{name}': given.get('default', '') for name, given in ACTION['inputs'].items()}
    context.update({f'inputs.{name.replace("_", "-")}': value for name, value in inputs.items()})
    said, ran = '', []
    for step in ACTION['runs']['steps']:
        if 'if' in step and not holds(step['if'], context):
            continue
        ran.append(step['name'])
        if 'uses' in step:
            context['uploaded'] = expand(step['with']['sarif_file'], context)
            continue
        output = folder / 'output'
        output.write_text('')
        environment = dict(os.environ, GITHUB_OUTPUT=str(output), GITHUB_PATH=str(folder / 'path'), GITHUB_ACTION_PATH=str(tap.ROOT),
                           PATH=f'{tap.TORNSTACK.parent}:{os.environ["PATH"]}',
                           **{name: expand(text, context) for name, text in step.get('env', {}).items()})
        done = subprocess.run(['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', step['run']], cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=tap.TIMEOUT)
        said += done.stdout + done.stderr
        for line in output.read_text().splitlines():
            name, _, text = line.partition('=')
            context[f'steps.{step["id"]}.outputs.{name}'] = text
        if done.returncode:
            return ran, done.returncode, said, context
    return ran, 0, said, context


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        exposed, sound = tap.CASES / EXPOSED / 'exe.zst', tap.CASES / SOUND / 'exe.zst'
        ran, status, said, context = run_action(folder, paths=f'\n  {exposed}\n')
        tap.check('exposed: it fails after the upload', None if status == 3 and ran == ['Build tornstack', 'Scan', 'Upload', 'Judge'] else (ran, status))
        tap.check('exposed: the log says where', None if 'EXPOSED' in said else said)
        results = json.loads((folder / context['uploaded']).read_text())['runs'][0]['results']
        tap.check('exposed: SARIF has errors', None if any(result['level'] == 'error' for result in results) else results)
        ran, status, said, context = run_action(folder, paths=str(exposed), fail_on_exposed='false', upload='false', sarif='other.sarif')
        tap.check('exposed, told not to fail', None if status == 0 and ran == ['Build tornstack', 'Scan'] else (ran, status, said))
        tap.check('the output says so', None if context['steps.scan.outputs.exposed'] == 'true' else context)
        ran, status, said, context = run_action(folder, paths=str(sound))
        tap.check('not exposed', None if status == 0 and context['steps.scan.outputs.exposed'] == 'false' else (ran, status, said))
        ran, status, said, _ = run_action(folder, paths=str(folder / 'none'))
        tap.check('nothing there: it fails before the upload', None if status == 1 and ran[-1] == 'Scan' else (ran, status, said))
    outputs = {re.search(r'\{\{ (.*?) \}\}', output['value']).group(1) for output in ACTION['outputs'].values()}
    tap.check('outputs exist', None if outputs <= {'steps.scan.outputs.exposed', 'inputs.sarif'} else outputs)
    tap.finish()


main()
