//go:build cgo

package main

// #include <stdlib.h>
// #include <string.h>
// #include <unistd.h>
//
// static _Thread_local char local[64];
// static char global[64];
// static volatile int ready;
//
// // Of a thread that waits in C: its own variables, its stack, memory of malloc.
// static void hold(const char *tls, const char *heap, const char *data, const char *stack)
// {
// 	char frame[64] = {0};
// 	char *block = malloc(1 << 12);
//
// 	memcpy(local + 3, tls, 24);
// 	memcpy(block + 40, heap, 24);
// 	memcpy(global + 8, data, 24);
// 	memcpy(frame + 8, stack, 24);
// 	ready = 1;
// 	for (;;) {
// 		pause();
// 		write(-1, frame, sizeof frame);
// 		write(-1, local, sizeof local);
// 		write(-1, block, 1 << 12);
// 	}
// }
//
// static int is_ready(void) { return ready; }
import "C"

import "time"

func native() {
	tls, heap, data, stack := C.CString(secret(28)), C.CString(secret(29)), C.CString(secret(30)), C.CString(secret(31))
	go C.hold(tls, heap, data, stack)
	for C.is_ready() == 0 {
		time.Sleep(time.Millisecond)
	}
}
