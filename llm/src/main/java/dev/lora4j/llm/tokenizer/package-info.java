/** Tokenizers, special tokens and chat templates. */
@NullMarked
package dev.lora4j.llm.tokenizer;

import org.jspecify.annotations.NullMarked;
