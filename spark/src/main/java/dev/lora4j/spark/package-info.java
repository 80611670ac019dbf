/**
 * Fine-tuning on an Apache Spark cluster. {@link LoraSpark#fineTune} trains an adapter with the
 * executors' workers: each executor has the model, the steps' examples are divided by their index,
 * and the gradients are added up between the executors. The result depends on the total number of
 * workers alone; checkpoints have the format of a run on one machine, which can resume them.
 */
@NullMarked
package dev.lora4j.spark;

import org.jspecify.annotations.NullMarked;
