/**
 * Language models, each in one file that reads from top to bottom, with shapes on the lines that
 * change them.
 *
 * <p>A <em>model family</em> ({@link dev.lora4j.llm.model.ModelFamily}) reads a {@code config.json}
 * and builds a {@link dev.lora4j.llm.model.LanguageModel}: token ids to <em>hidden states</em>,
 * hidden states to <em>logits</em> through the output projection and its {@link
 * dev.lora4j.llm.model.LogitTransform}. The <em>attention context</em> holds the causal attention
 * mask and the position ids of a forward pass; the <em>KV cache</em> holds the keys and values of
 * the tokens so far. Faster code for decoding is in {@code dev.lora4j.llm.decode}.
 *
 * <pre>{@code
 * JsonDocument config = JsonDocument.read(directory.resolve("config.json"));
 * try (LanguageModel model = ModelFamily.of(config).create(config)) { // with random weights
 *   Tensor logits = model.forward(ids); // [B, T] to [B, T, V]
 * }
 * }</pre>
 *
 * <p>To add a family, write its model, its config and its {@code ModelFamily}, and name the latter
 * in {@code META-INF/services/dev.lora4j.llm.model.ModelFamily}; {@link
 * dev.lora4j.llm.model.gpt2.Gpt2} is an example.
 */
@NullMarked
package dev.lora4j.llm.model;

import org.jspecify.annotations.NullMarked;
