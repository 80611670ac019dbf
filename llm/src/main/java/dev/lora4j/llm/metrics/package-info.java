/**
 * Metrics of a run on disk: JSON Lines and TensorBoard event files. A resumed run continues its
 * files and replaces the steps that it repeats.
 *
 * <pre>{@code
 * try (RunMetrics metrics = new RunMetrics(directory)) {
 *   LanguageModelTrainer.run(job, metrics);
 * }
 * RunCurves curves = RunCurves.read(directory);
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.metrics;

import org.jspecify.annotations.NullMarked;
