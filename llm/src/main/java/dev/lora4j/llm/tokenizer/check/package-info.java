/**
 * Checks of a {@code tokenizer.json} before it reaches the native library, which ends the process
 * on some malformed files.
 *
 * <p>A <i>component</i> is a step of a normalizer, pre-tokenizer, post-processor or decoder. Its
 * fields must have the library's types, and sizes, numbers, nesting and regular expressions are
 * bounded.
 *
 * <pre>{@code
 * new TokenizerChecks(file).part("decoder", json.path("decoder"));
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.tokenizer.check;

import org.jspecify.annotations.NullMarked;
