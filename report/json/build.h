/* build.h: sections of the report about the program's build, and the machine. */
#ifndef REPORT_JSON_BUILD_H
#define REPORT_JSON_BUILD_H

#include "report/json/writer.h"

void build_section(struct writer *writer);
void machine_section(struct writer *writer);

#endif
