/**
 * The parts that decoder-only transformers share, from which a family's model file is composed.
 *
 * <p>A {@link dev.lora4j.llm.model.transformer.Transformer} is an embedding, <em>layers</em> and a
 * final norm. A {@link dev.lora4j.llm.model.transformer.TransformerLayer} adds two branches to the
 * residual stream, {@link dev.lora4j.llm.model.transformer.SelfAttention} and a {@link
 * dev.lora4j.llm.model.transformer.FeedForward}, with RMSNorms before them, after them, or both.
 * {@link dev.lora4j.llm.model.transformer.DecoderModules} describes the same modules to {@code
 * dev.lora4j.llm.decode}, which computes single tokens without running the model's forward.
 */
@NullMarked
package dev.lora4j.llm.model.transformer;

import org.jspecify.annotations.NullMarked;
