/* libarchive.h: the functions of libarchive, of which types come from its headers and functions from the library at run time: linking
 * with it would load it, and what it needs (libxml2, ICU, libstdc++: eleven libraries), in every run, though only `scan` opens
 * archives and only `bundle` makes one. */
#ifndef FORMATS_ARCHIVE_LIBARCHIVE_H
#define FORMATS_ARCHIVE_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

/* Each as archive_NAME. */
#define LIBARCHIVE(FUNCTION)                                                                                           \
	FUNCTION(entry_clear)                                                                                          \
	FUNCTION(entry_filetype)                                                                                       \
	FUNCTION(entry_free)                                                                                           \
	FUNCTION(entry_new)                                                                                            \
	FUNCTION(entry_pathname)                                                                                       \
	FUNCTION(entry_pathname_utf8)                                                                                  \
	FUNCTION(entry_set_filetype)                                                                                   \
	FUNCTION(entry_set_mtime)                                                                                      \
	FUNCTION(entry_set_pathname)                                                                                   \
	FUNCTION(entry_set_perm)                                                                                       \
	FUNCTION(entry_set_size)                                                                                       \
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
	FUNCTION(set_error)                                                                                            \
	FUNCTION(write_add_filter_zstd)                                                                                \
	FUNCTION(write_close)                                                                                          \
	FUNCTION(write_data)                                                                                           \
	FUNCTION(write_free)                                                                                           \
	FUNCTION(write_header)                                                                                         \
	FUNCTION(write_new)                                                                                            \
	FUNCTION(write_open)                                                                                           \
	FUNCTION(write_set_bytes_in_last_block)                                                                        \
	FUNCTION(write_set_format_pax_restricted)

struct libarchive {
#define FUNCTION(name) __typeof__(archive_##name) *name;
	LIBARCHIVE(FUNCTION)
#undef FUNCTION
};

/* The library, loaded by the first call, for good. A confined process can load nothing: whoever makes one that opens archives
 * calls this before. NULL: it is not installed, or lacks a function. */
const struct libarchive *libarchive(void);

#endif
