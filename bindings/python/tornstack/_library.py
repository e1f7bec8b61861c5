"""The shared library, and its structs as data classes."""
from __future__ import annotations

import enum
import os
from typing import Any, Callable, Optional, Sequence

from . import _report
from ._header import declarations
from ._report import Certainty, Report

ffi = declarations()
_lib = ffi.dlopen(os.environ.get('TORNSTACK_LIBRARY', 'libtornstack.so.0'))


class Error(Exception):
    """The dump could not be analysed. code: a stable word, "no-dump", "cut-short", … (docs/report.schema.json, `error`)."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Goroutines(enum.IntEnum):
    """Which goroutines a report lists, each with its stack."""
    FINDINGS = 0  # those that findings name; groups of equal stacks are there in any case
    ALL = 2


def version() -> str:
    return ffi.string(_lib.ts_version()).decode()


# ---- from C ----

def _text(value: Any) -> Optional[str]:
    return ffi.string(value).decode() if value else None


def _list(value: Any, convert: Callable[[Any], Any]) -> list:
    items = []
    while value and value[len(items)]:
        items.append(convert(value[len(items)]))
    return items


def _fields(value: Any) -> dict[str, str]:
    return dict(_list(value, lambda field: (_text(field.name), _text(field.text))))


def _is_pointer_to(ctype: Any, kind: str) -> bool:
    return ctype.kind == 'pointer' and ctype.item.kind == kind


def _converter(ctype: Any) -> Callable[[Any], Any]:
    """What makes a Python value of a C value of that type."""
    if ctype.kind == 'struct' and ctype.cname == 'struct ts_word':
        return lambda value: value.value if value.known else None
    if ctype.kind == 'struct':
        return lambda value: _object(value, ctype)
    if ctype.kind == 'enum':
        return Certainty
    if ctype.cname == 'int':
        return lambda value: None if value < 0 else bool(value)
    if ctype.cname == 'int64_t':
        return lambda value: None if value == -1 else value
    if _is_pointer_to(ctype, 'struct'):
        return lambda value: _object(value[0], ctype.item) if value else None
    if _is_pointer_to(ctype, 'pointer') and ctype.item.item.cname == 'struct ts_field':
        return _fields
    if _is_pointer_to(ctype, 'pointer'):
        return lambda value, convert=_converter(ctype.item): _list(value, convert)
    if ctype.cname == 'char *':
        return _text
    return lambda value: value


_plans: dict[str, tuple[type, list[tuple[str, Callable[[Any], Any]]]]] = {}


def _member(name: str, ctype: Any, following: str, names: set[str]) -> Callable[[Any], Any]:
    """What gets a member of a struct; a list of numbers has no end but its count, which follows it."""
    if f'has_{name}' in names:
        return lambda struct: getattr(struct, name) if getattr(struct, f'has_{name}') else None
    if _is_pointer_to(ctype, 'primitive') and ctype.cname != 'char *':
        return lambda struct: ffi.unpack(getattr(struct, name), getattr(struct, following))
    convert = _converter(ctype)
    return lambda struct: convert(getattr(struct, name))


def _plan(ctype: Any) -> tuple[type, list[tuple[str, Callable[[Any], Any]]]]:
    if ctype.cname not in _plans:
        cls = getattr(_report, ctype.cname.removeprefix('struct ts_').capitalize())
        names = [name for name, _ in ctype.fields]
        types = {name: field.type for name, field in ctype.fields}
        _plans[ctype.cname] = cls, [(name, _member(name, types[name], following, set(names)))
                                    for name, following in zip(names, names[1:] + [''])
                                    if name in cls.__dataclass_fields__]
    return _plans[ctype.cname]


def _object(struct: Any, ctype: Any) -> Any:
    cls, members = _plan(ctype)
    return cls(**{name: get(struct) for name, get in members})


# ---- what is called ----

def _strings(texts: Sequence[str], keep: list) -> Any:
    if not texts:
        return ffi.NULL
    array = [ffi.new('char[]', os.fsencode(text)) for text in texts]
    keep.extend(array)
    keep.append(ffi.new('const char *[]', [*array, ffi.NULL]))
    return keep[-1]


def analyze(dump: str | os.PathLike[str], *, executables: Sequence[str] = (), symbols_dir: Optional[str] = None,
            sysroot: Optional[str] = None, goroutines: Goroutines = Goroutines.FINDINGS, isolated: bool = True, workers: int = 0,
            max_size: int = 0, unmasked: bool = False, crash: int = 0, pid: int = 0) -> Report:
    """Says what happened to the process whose dump (core, minidump, log; compressed or not) this is. The parameters are those of struct
    ts_options; workers: threads, 0: one for each CPU; max_size: bytes of a decompressed dump. Releases the interpreter's lock meanwhile,
    and may be called by several threads. Raises Error."""
    keep: list = []
    options = ffi.new('struct ts_options *')
    options.executables = _strings([os.fspath(path) for path in executables], keep)
    for name, text in (('symbols_dir', symbols_dir), ('sysroot', sysroot)):
        if text is not None:
            keep.append(ffi.new('char[]', os.fsencode(text)))
            setattr(options, name, keep[-1])
    options.goroutines, options.isolated, options.workers, options.max_size = int(goroutines), isolated, workers, max_size
    options.unmasked, options.crash, options.pid = unmasked, crash, pid
    handle = ffi.new('struct ts_handle **')
    result = _lib.ts_open_sized(os.fsencode(dump), options, ffi.sizeof('struct ts_options'), handle)
    if not handle[0]:
        raise Error(ffi.string(result.error_code).decode(), ffi.string(result.error).decode(errors='replace'))
    try:
        return _object(_lib.ts_report_of(handle[0])[0], ffi.typeof('struct ts_report'))
    finally:
        _lib.ts_close(handle[0])
