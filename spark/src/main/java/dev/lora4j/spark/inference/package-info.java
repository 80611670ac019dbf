/**
 * Batch inference over the rows of a Dataset. {@link LoraTransformer} is a stage of an MLlib
 * pipeline. Each executor loads the model once, and its tasks share it; the rows of a batch may
 * have different adapters, so the rows of one adapter need not be together.
 */
@NullMarked
package dev.lora4j.spark.inference;

import org.jspecify.annotations.NullMarked;
