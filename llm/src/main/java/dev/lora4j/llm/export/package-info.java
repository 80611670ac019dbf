/** Conversion between Hugging Face directories and GGUF files. */
@NullMarked
package dev.lora4j.llm.export;

import org.jspecify.annotations.NullMarked;
