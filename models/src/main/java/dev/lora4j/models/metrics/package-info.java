/**
 * Metrics of a run on disk: JSON Lines and TensorBoard event files. A resumed run continues its
 * files and replaces the steps that it repeats.
 *
 * <pre>{@code
 * try (RunMetrics metrics = new RunMetrics(directory)) {
 *   FineTuning.run(request, metrics);
 * }
 * RunCurves curves = RunCurves.read(directory);
 * }</pre>
 */
@NullMarked
package dev.lora4j.models.metrics;

import org.jspecify.annotations.NullMarked;
