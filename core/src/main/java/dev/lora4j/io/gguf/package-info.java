/**
 * Reading and writing of <a
 * href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a> files, the format of
 * llama.cpp: tensors and metadata, without knowledge of models.
 *
 * <ul>
 *   <li><b>metadata</b>: typed values by key, {@link dev.lora4j.io.gguf.GgufValue}.
 *   <li><b>tensor type</b>: how values are stored, {@link dev.lora4j.io.gguf.GgmlType}. A quantised
 *       type stores blocks of a few bits per value with one or two scales.
 *   <li><b>dequantisation</b>: computing the F32 values of a quantised tensor, done on reading.
 * </ul>
 *
 * <pre>{@code
 * try (GgufFile file = GgufFile.open(Path.of("model-q4_k.gguf"))) {
 *   String architecture = file.text("general.architecture").orElseThrow();
 *   Tensor embedding = file.read("token_embd.weight"); // F32
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.io.gguf;

import org.jspecify.annotations.NullMarked;
