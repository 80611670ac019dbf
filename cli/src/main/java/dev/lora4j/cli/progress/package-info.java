/**
 * Progress bars with rate and time left, on standard error.
 *
 * <p>On a <i>screen</i> that is a terminal a bar is one line that is overwritten; elsewhere it is a
 * plain line after each tenth of the work. An <i>interruption</i> is Ctrl-C, after which the
 * complete files are named.
 *
 * <pre>{@code
 * try (Progress progress = new Progress("merge", Unit.BYTES, total)) {
 *   job.reportingTo(progress::add).merge(out);
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.cli.progress;

import org.jspecify.annotations.NullMarked;
