/**
 * Tensors and metadata in <a
 * href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a> files, the format of
 * llama.cpp, read and written. Quantised tensors are given as the numbers that they stand for.
 */
@NullMarked
package dev.lora4j.io.gguf;

import org.jspecify.annotations.NullMarked;
