/**
 * ModernBERT: rotary positions, gated feed-forward, and layers that attend within a window.
 *
 * <pre>{@code
 * Encoder encoder = EncoderFamily.of(fields).create(fields, Pooler.ABSENT); // model_type modernbert
 * LoraModel adapted = Lora.adapt(encoder, LoraConfig.rank(8).targets(Targets.named("Wqkv")));
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.encoder.modernbert;

import org.jspecify.annotations.NullMarked;
