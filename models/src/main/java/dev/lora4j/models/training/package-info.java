/**
 * Language models learn here: the steps from examples to gradients, the run with its evaluations
 * and checkpoints, and what a run is asked for and tells. It computes logits only where there is
 * loss, and goes on bit for bit where an interrupted run was. What enters changes what is learned
 * from examples, or how a run is kept.
 */
@NullMarked
package dev.lora4j.models.training;

import org.jspecify.annotations.NullMarked;
