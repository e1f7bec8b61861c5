/* site.h: a history as static pages, which any web server or bucket can serve. */
#ifndef LIB_SITE_H
#define LIB_SITE_H

#include "fleet/history/history.h"
#include "fleet/views.h"

/* Writes index.html and a page of each cluster to a folder, which is made where it is not. Whoever reads them meanwhile reads whole ones. */
const struct err *site_write(struct arena *arena, struct database *database, const struct fleet *fleet, const struct clusters *clusters,
			     const struct view_options *options, const char *folder);

#endif
