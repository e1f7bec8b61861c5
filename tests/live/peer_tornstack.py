"""tornstack itself, read as its peers are: `--json --goroutines=all`."""
import json

import peer
import tap


def command(program, core, exe):
    return [program, core, '--exe', exe, '--json', '--goroutines=all']


def version(program):
    return peer.run([program, '--version']).out.split()[-1]


def read_frame(frame):
    # A frame may have no function (null), as in code that was not saved.
    return peer.Frame(frame['function'] or '??', frame['file'], frame['line'], int(frame['pc'], 16),
                      frame['sp'] and int(frame['sp'], 16), frame['inlined'])


def read(done):
    if done.status is None:
        return peer.Answer()
    if done.status != 0:
        return peer.Answer(messages=[peer.last_words(done)])
    answer = peer.Answer()
    report = json.loads(done.out)
    for goroutine in report['goroutines']:
        waits = goroutine['status'] == 'waiting' and goroutine['wait_reason']
        told = [finding['title'] for finding in report['findings']
                if finding['goroutine'] == goroutine['id'] and finding['rule'] in tap.CORRUPTION]
        said = told[0] if told else None if goroutine['end'] == 'complete' else goroutine['end']
        answer.goroutines.append(peer.Goroutine(goroutine['id'], waits or goroutine['status'],
                                                [read_frame(frame) for frame in goroutine['frames']], said))
    return answer


PEER = peer.Peer('tornstack', lambda: tap.TORNSTACK, version, command, read)
