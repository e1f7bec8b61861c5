/* libarchive.h: the functions of libarchive, of which types come from its headers and functions from the library at run time: linking
 * with it would load it, and what it needs (libxml2, ICU, libstdc++: eleven libraries), in every run, though only `scan` opens
 * archives. */
#ifndef FORMATS_ARCHIVE_LIBARCHIVE_H
#define FORMATS_ARCHIVE_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

/* Each as archive_NAME. */
#define LIBARCHIVE(FUNCTION)                                                                                           \
	FUNCTION(entry_filetype)                                                                                       \
	FUNCTION(entry_pathname)                                                                                       \
	FUNCTION(entry_pathname_utf8)                                                                                  \
	FUNCTION(error_string)                                                                                         \
	FUNCTION(format)                                                                                               \
	FUNCTION(read_data_block)                                                                                      \
	FUNCTION(read_free)                                                                                            \
	FUNCTION(read_new)                                                                                             \
	FUNCTION(read_next_header)                                                                                     \
	FUNCTION(read_open)                                                                                            \
	FUNCTION(read_open_fd)                                                                                         \
	FUNCTION(read_support_filter_bzip2)                                                                            \
	FUNCTION(read_support_filter_gzip)                                                                             \
	FUNCTION(read_support_filter_lz4)                                                                              \
	FUNCTION(read_support_filter_rpm)                                                                              \
	FUNCTION(read_support_filter_xz)                                                                               \
	FUNCTION(read_support_filter_zstd)                                                                             \
	FUNCTION(read_support_format_ar)                                                                               \
	FUNCTION(read_support_format_cpio)                                                                             \
	FUNCTION(read_support_format_empty)                                                                            \
	FUNCTION(read_support_format_raw)                                                                              \
	FUNCTION(read_support_format_tar)                                                                              \
	FUNCTION(read_support_format_zip)                                                                              \
	FUNCTION(set_error)

struct libarchive {
#define FUNCTION(name) __typeof__(archive_##name) *name;
	LIBARCHIVE(FUNCTION)
#undef FUNCTION
};

/* The library, loaded by the first call, for good. A confined process can load nothing: whoever makes one that opens archives
 * calls this before. NULL: it is not installed, or lacks a function. */
const struct libarchive *libarchive(void);

#endif
