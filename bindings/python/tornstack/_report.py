"""What was found: the structs of tornstack.h, whose comments say more of each member, as data classes. None: not known, or there is none."""
from __future__ import annotations

import dataclasses
import enum
from typing import Optional


class Certainty(enum.IntEnum):
    UNKNOWN = 0
    HEALTHY = 1
    POSSIBLE = 2
    LIKELY = 3
    CERTAIN = 4


@dataclasses.dataclass(frozen=True)
class Frame:
    function: Optional[str]
    file: Optional[str]
    line: Optional[int]
    module: Optional[str]
    pc: Optional[int]
    sp: Optional[int]
    fp: Optional[int]
    entry: Optional[int]
    function_offset: Optional[int]
    inlined: bool
    how: str
    finding: Optional[int]
    arguments: Optional[str]


@dataclasses.dataclass(frozen=True)
class Stack:
    frames: list[Frame]
    end: str
    end_address: Optional[int]
    elided: Optional[int]
    elided_at: Optional[int]


@dataclasses.dataclass(frozen=True)
class Creator:
    function: Optional[str]
    file: Optional[str]
    line: Optional[int]
    pc: Optional[int]
    goroutine: Optional[int]


@dataclasses.dataclass(frozen=True)
class Ancestor:
    goroutine: int
    stack: Stack


@dataclasses.dataclass(frozen=True)
class Goroutine:
    id: int
    status: str
    wait_reason: Optional[str]
    waiting_seconds: Optional[int]
    thread: Optional[int]
    scan: bool
    locked_to_thread: bool
    created_by: Optional[Creator]
    stack_lo: Optional[int]
    stack_hi: Optional[int]
    stack: Stack
    labels: dict[str, str]
    ancestors: list[Ancestor]


@dataclasses.dataclass(frozen=True)
class Waiting:
    known: int
    least_seconds: int
    most_seconds: int


@dataclasses.dataclass(frozen=True)
class Group:
    count: int
    ids: list[int]
    waiting: Optional[Waiting]
    status: str
    wait_reason: Optional[str]
    scan: bool
    created_by: Optional[Creator]
    stack: Stack


@dataclasses.dataclass(frozen=True)
class Thread:
    id: Optional[int]
    name: Optional[str]
    crashed: bool
    goroutine: Optional[int]
    pc: Optional[int]
    sp: Optional[int]
    stack: Stack
    registers: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Evidence:
    kind: str
    text: str
    speaks_for: bool
    weight: str
    address: Optional[int]
    observed: Optional[str]
    expected: Optional[str]


@dataclasses.dataclass(frozen=True)
class Bug:
    id: str
    title: str
    fixed_in: list[str]
    affects_this_version: Optional[bool]
    unverified: Optional[str]


@dataclasses.dataclass(frozen=True)
class Rival:
    cause: str
    speaks_for: Optional[str]
    speaks_against: Optional[str]


@dataclasses.dataclass(frozen=True)
class Finding:
    rule: str
    title: str
    certainty: Certainty
    goroutine: Optional[int]
    thread: Optional[int]
    frame: Optional[int]
    function: Optional[str]
    pc: Optional[int]
    slot: Optional[int]
    observed: Optional[int]
    repaired: Optional[int]
    sp_error: Optional[int]
    caller_pc: Optional[int]
    caller_sp: Optional[int]
    evidence: list[Evidence]
    known_bugs: list[Bug]
    rivals: list[Rival]
    explained_by: Optional[int]


@dataclasses.dataclass(frozen=True)
class Verdict:
    certainty: Certainty
    rule: Optional[str]
    finding: Optional[int]
    headline: str
    narrative: list[str]
    actions: list[str]
    for_good: int
    confirm: list[str]
    unexplained: list[str]


@dataclasses.dataclass(frozen=True)
class Input:
    name: str
    format: str
    compression: Optional[str]
    size: int
    truncated: bool
    slim: bool


@dataclasses.dataclass(frozen=True)
class Target:
    os: Optional[str]
    arch: Optional[str]
    go_version: Optional[str]
    main_module: Optional[str]
    executable: Optional[str]
    executable_source: str
    build_id: Optional[str]
    stripped: Optional[bool]
    layout_source: str
    executable_identity: str
    executable_doubt: Optional[str]


@dataclasses.dataclass(frozen=True)
class Stop:
    name: str
    code: Optional[str]
    address: Optional[int]
    thread: Optional[int]


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    pc: Optional[int]
    address: Optional[int]
    access: Optional[str]
    goroutine: Optional[int]
    thread: Optional[int]


@dataclasses.dataclass(frozen=True)
class Process:
    pid: Optional[int]
    command: Optional[str]
    message: Optional[str]
    godebug: Optional[str]
    panic_lines: list[str]
    stop: Optional[Stop]
    fault: Optional[Fault]


@dataclasses.dataclass(frozen=True)
class Report:
    schema: str
    input: Input
    target: Target
    process: Process
    verdict: Verdict
    findings: list[Finding]
    threads: list[Thread]
    goroutine_total: int
    groups: list[Group]
    goroutines: list[Goroutine]
    notes: list[str]
    fingerprint: str
    fingerprint_exact: str
