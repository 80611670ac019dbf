/**
 * Encoders: bidirectional transformers that turn token ids into one hidden state for each token,
 * for classification, embeddings and reranking.
 *
 * <p>An <em>encoder family</em> ({@link dev.lora4j.llm.encoder.EncoderFamily}) reads a {@code
 * config.json} and builds an {@link dev.lora4j.llm.encoder.Encoder}, alone or below a task head
 * ({@link dev.lora4j.llm.encoder.EncoderWithHead}). Module and tensor names are those of Hugging
 * Face's transformers, so checkpoints and PEFT adapters fit both ways. Batches are computed without
 * padding ({@link dev.lora4j.llm.encoder.UnpaddedTokens}).
 *
 * <pre>{@code
 * try (EncoderCheckpoint checkpoint = EncoderCheckpoint.load(Path.of("all-MiniLM-L6-v2"))) {
 *   Tensor hidden = checkpoint.encoder().hidden(input); // [B, T, H]
 * }
 * }</pre>
 *
 * <p>To add a family, write its model, its config and its {@code EncoderFamily}, and name the
 * latter in {@code META-INF/services/dev.lora4j.llm.encoder.EncoderFamily}; {@link
 * dev.lora4j.llm.encoder.modernbert.ModernBert} is an example.
 */
@NullMarked
package dev.lora4j.llm.encoder;

import org.jspecify.annotations.NullMarked;
