/**
 * Language models in one GGUF file, said in Hugging Face's words: {@code config.json} from the
 * metadata, tensors under the names and in the order of transformers, {@code tokenizer.json} from
 * the vocabulary, and the way back. {@link dev.lora4j.models.gguf.GgufModel} reads a file, {@link
 * dev.lora4j.models.gguf.ModelFiles} is what stands beside the weights of any model. What enters is
 * knowledge of llama.cpp's names and orders; bytes and formats of numbers are {@code io.gguf}'s.
 */
@NullMarked
package dev.lora4j.models.gguf;

import org.jspecify.annotations.NullMarked;
