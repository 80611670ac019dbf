/**
 * Text embeddings by a language model with sentence-transformers' pooling.
 *
 * <pre>{@code
 * try (ChatModel model = ChatModel.open(path)) {
 *   TextEmbedder embedder = model.embedder().orElseThrow();
 *   float[] embedding = embedder.embed(model.format().tokenizer().encode("a text"));
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.embedding;

import org.jspecify.annotations.NullMarked;
