/* c_reasons.h: why C, C++ or Rust ended the process, as a clause: whether that is known by a function (c_deaths.def) or by what was printed
 * (formats/log/c_words.def). */
#ifndef HEURISTICS_FAULTS_C_REASONS_H
#define HEURISTICS_FAULTS_C_REASONS_H

#define C_HEAP_DAMAGED "the C library found its heap damaged: something wrote past a block, or freed one twice"
#define C_FRAME_OVERWRITTEN "C's stack protector found a frame overwritten past its local variables"
#define C_BUFFER_OVERRUN "a checked function of the C library was to write past the end of a buffer"
#define C_ASSERTION_FAILED "an assertion of C failed"
#define CXX_NOT_CAUGHT "C++ ended the process: an exception that nobody caught, or one thrown where none may be"
#define CXX_PURE_CALL "C++ called a method of an object that was not constructed, or already destroyed"
#define RUST_PANICKED "Rust panicked, and nothing caught it"
#define RUST_NO_MEMORY "Rust found no memory"

#endif
