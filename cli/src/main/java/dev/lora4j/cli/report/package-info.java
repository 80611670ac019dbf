/**
 * What a demo came to, as pictures and a page. The page is one file without scripts or links, so it
 * can be mailed and kept; the same record always gives the same bytes. What enters here is a way of
 * showing a result that was measured elsewhere.
 */
@NullMarked
package dev.lora4j.cli.report;

import org.jspecify.annotations.NullMarked;
