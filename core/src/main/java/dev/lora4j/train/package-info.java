/**
 * Training: trainer, worker threads, optimizers, learning-rate schedules, metrics and callbacks. It
 * trains every trainable parameter of a module and does not depend on the adapter method.
 *
 * <pre>{@code
 * try (Optimizer optimizer = new AdamW(1e-3)) {
 *   Trainer trainer = Trainer.of(network, optimizer).epochs(2).batchSize(16);
 *   TrainingResult result = trainer.callback(progress).fit(dataset);
 * }
 * }</pre>
 *
 * <p>Terms: a <em>step</em> is one update by the optimizer; a <em>worker</em> is a thread that
 * computes the gradients of its shard of a batch (data-parallel); a <em>callback</em> observes the
 * run. The <em>training loop</em> takes steps, evaluates and writes checkpoints for every trainer;
 * the <em>run directory</em> holds the checkpoints.
 */
@NullMarked
package dev.lora4j.train;

import org.jspecify.annotations.NullMarked;
