/* head.c: what every page begins with. The policy lets a browser run the one script and use the one sheet of styles that are named by their
 * digests, whatever a dump put into the page. */
#include "report/html/page.h"

#include "report/html/digests.h"

static const char *const styles[] = {
#include "report/html/report.css.inc"
};

void html_head(const struct document *html, const char *title)
{
	html_put(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\""
		       "default-src 'none'; style-src " REPORT_CSS_DIGEST "; script-src " REPORT_JS_DIGEST "; base-uri 'none'; form-action 'none'\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
		       "<meta name=\"referrer\" content=\"no-referrer\">\n<title>%</title>\n<style>", title);
	html_lines(html, styles, sizeof styles / sizeof *styles);
	html_put(html, "</style>\n</head>\n");
}
