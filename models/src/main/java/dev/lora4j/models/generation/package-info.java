/**
 * Texts from language models, token by token: {@link dev.lora4j.models.generation.Generator} runs
 * the model, {@link dev.lora4j.models.generation.Sampling} says how the next token is chosen. What
 * enters knows tokens, not text.
 */
@NullMarked
package dev.lora4j.models.generation;

import org.jspecify.annotations.NullMarked;
