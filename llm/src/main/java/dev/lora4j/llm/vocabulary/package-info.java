/**
 * Conversion of older tokenizer files to a {@code tokenizer.json}, as transformers converts them.
 *
 * <p>A model without a {@code tokenizer.json} has a <i>SentencePiece model</i> ({@code
 * tokenizer.model}), or a byte-level BPE vocabulary with its <i>merges</i> ({@code vocab.json},
 * {@code merges.txt}). <i>Added tokens</i> may be listed beside any of them.
 *
 * <pre>{@code
 * Optional<byte[]> json = new TokenizerFiles(directory, name -> read(name)).tokenizerJson();
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.vocabulary;

import org.jspecify.annotations.NullMarked;
