/**
 * Llama and the families that are variations of it: Mistral with a sliding window, Qwen 2 with
 * biases, Qwen 3 with normalised queries and keys, Granite with four multipliers.
 *
 * <p>{@link dev.lora4j.llm.model.llama.Llama} reads top to bottom; the {@link
 * dev.lora4j.llm.model.ModelFamily} of each family translates its config.
 *
 * <pre>{@code
 * TransformerConfig config = TransformerConfig.of(fields);
 * LanguageModel model = new Llama(config);
 * Tensor logits = model.forward(inputIds); // [batch, tokens, vocabulary]
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.model.llama;

import org.jspecify.annotations.NullMarked;
