/**
 * Fine-tuning a language model in five lines: base model, data and hyperparameters in, adapter
 * directory out.
 */
@NullMarked
package dev.lora4j.llm.recipe;

import org.jspecify.annotations.NullMarked;
