/**
 * The barrier stage of a training run: on the driver the stage, on each executor a task that trains
 * in a directory of its own, and the exchange of gradients between them. The directory of the first
 * task is copied to the run's storage with each checkpoint.
 */
@NullMarked
package dev.lora4j.spark.train;

import org.jspecify.annotations.NullMarked;
