"""What is said of a log against what is said of the core of the same process."""

CERTAINTIES = ('healthy', 'unknown', 'possible', 'likely', 'certain')
TORN = ('split-sp', 'torn-pc', 'torn-return', 'smashed-return')


def verdict_class(core_report, log_report):
    """Wrong is what is certain of the log, and not of the core, as its verdict or beside that."""
    core, log = core_report['verdict'], log_report['verdict']
    if core['rule'] == log['rule']:
        weaker = CERTAINTIES.index(log['certainty']) < CERTAINTIES.index(core['certainty'])
        return 'same rule, less certain' if weaker else 'same rule and certainty'
    if log['rule'] is None:
        return 'unknown'
    if log['certainty'] != 'certain':
        return 'another rule, not certain'
    certain = {finding['rule'] for finding in core_report['findings'] if finding['certainty'] == 'certain'}
    return "another of the core's findings" if log['rule'] in certain else 'wrong'
