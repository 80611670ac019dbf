/**
 * BERT and RoBERTa: one model, whose families differ in their names, position ids and heads.
 *
 * <pre>{@code
 * Encoder encoder = EncoderFamily.of(fields).create(fields, Pooler.PRESENT); // model_type bert
 * LoraModel adapted = Lora.adapt(encoder, LoraConfig.rank(8).targets(Targets.named("query")));
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.encoder.bert;

import org.jspecify.annotations.NullMarked;
