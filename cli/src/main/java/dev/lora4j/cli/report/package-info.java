/**
 * Reports of a demo, a training run and an evaluation: an HTML page and charts. The page is one
 * file without scripts or links, so it can be mailed and archived; the same measurements give the
 * same bytes. This package only presents results that were measured elsewhere.
 */
@NullMarked
package dev.lora4j.cli.report;

import org.jspecify.annotations.NullMarked;
