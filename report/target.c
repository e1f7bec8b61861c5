/* target.c: see target.h. */
#include "report/target.h"

#include "formats/log/record.h"

const char *target_os(const struct image *image)
{
	if (image->record)
		return image->record->os;
	return image->os == OS_LINUX ? "linux" : "windows";
}

const char *target_arch(const struct image *image)
{
	return image->record ? image->record->arch : image->arch->name;
}
