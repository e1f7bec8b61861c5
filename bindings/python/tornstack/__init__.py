"""What happened to a crashed Go process, from its core dump, minidump or log: libtornstack for Python.

    import tornstack
    report = tornstack.analyze('core', executables=['./service'])
    print(report.verdict.certainty.name, report.verdict.headline)

Everything that is returned is plain data: nothing has to be closed. Dumps are hostile, so each is analysed in a process of its own that
can open nothing and reach nobody, unless isolated=False is given. Texts have no control characters.
"""
from ._library import Error, Goroutines, analyze, version
from ._report import (Ancestor, Bug, Certainty, Creator, Evidence, Fault, Finding, Frame, Goroutine, Group, Input, Process, Report, Rival,
                      Stack, Stop, Target, Thread, Verdict, Waiting)

__all__ = ['Ancestor', 'Bug', 'Certainty', 'Creator', 'Error', 'Evidence', 'Fault', 'Finding', 'Frame', 'Goroutine', 'Goroutines', 'Group',
           'Input', 'Process', 'Report', 'Rival', 'Stack', 'Stop', 'Target', 'Thread', 'Verdict', 'Waiting', 'analyze', 'version']
