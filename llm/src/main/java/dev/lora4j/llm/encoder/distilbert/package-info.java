/**
 * DistilBERT: BERT's layers under other names, without token types and pooler.
 *
 * <pre>{@code
 * Encoder encoder = EncoderFamily.of(fields).create(fields, Pooler.ABSENT); // model_type distilbert
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.encoder.distilbert;

import org.jspecify.annotations.NullMarked;
