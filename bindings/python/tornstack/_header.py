"""tornstack.h, which lies beside this file, as cffi reads it: declarations only. So the structs are described once."""
import pathlib
import re

import cffi


def _without(text: str, pattern: str) -> str:
    return re.sub(pattern, '', text, flags=re.S | re.M)


def declarations() -> cffi.FFI:
    text = (pathlib.Path(__file__).parent / 'tornstack.h').read_text(encoding='utf-8')
    text = _without(text, r'/\*.*?\*/')
    text = _without(text, r'^#ifdef __cplusplus.*?^#endif')
    text = _without(text, r'^static inline .*?^}')
    text = _without(text, r'^#.*?$')
    ffi = cffi.FFI()
    ffi.cdef(text)
    return ffi
