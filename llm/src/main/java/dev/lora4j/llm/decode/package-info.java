/**
 * Reading a prompt and decoding token by token, as fast as the CPU allows.
 *
 * <p><em>Prefill</em> runs the prompt through the model and fills the KV cache; a thread team
 * splits the prompt into parts that follow each other through the layers. <em>Decoding</em> then
 * appends one token at a time: {@link dev.lora4j.llm.decode.Decoder} computes every model that
 * describes itself by {@link dev.lora4j.llm.model.transformer.DecoderModules} in plain memory,
 * without tensors and autograd; other models run their forward pass.
 *
 * <pre>{@code
 * try (KeyValueCache cache = model.newCache()) {
 *   Tensor logits = model.logits(Prefill.read(model, prompt, cache));
 *   try (Decoder decoder = Decoder.of(model, cache).orElseThrow()) {
 *     logits = decoder.step(token);
 *   }
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.decode;

import org.jspecify.annotations.NullMarked;
