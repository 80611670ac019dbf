/**
 * Text embeddings and reranking, as sentence-transformers computes them.
 *
 * <p>An {@link dev.lora4j.llm.embedding.Embedder} pools the hidden states of an encoder or a causal
 * language model into one vector for each text; a {@link dev.lora4j.llm.embedding.Reranker} scores
 * pairs of query and document. Both take adapters for a call, or for each text of a batch. {@link
 * dev.lora4j.llm.embedding.TextEmbedder} embeds token ids with the language model of a chat server.
 *
 * <pre>{@code
 * try (Embedder embedder = Embedder.open(Path.of("all-MiniLM-L6-v2"))) {
 *   float[] embedding = embedder.embed("a text");
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.embedding;

import org.jspecify.annotations.NullMarked;
