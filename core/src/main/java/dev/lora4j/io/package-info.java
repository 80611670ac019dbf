/**
 * Files and downloads: safetensors files, atomic writes, JSON documents, and resumable downloads.
 *
 * <ul>
 *   <li><b>dtype</b>: the element type of a tensor, {@link dev.lora4j.io.DType}.
 *   <li><b>tensor file</b>: named tensors on disk, {@link dev.lora4j.io.TensorFile}. A tensor is
 *       <i>read</i> (copied into memory) or <i>mapped</i> (backed by the file's pages).
 *   <li><b>shard</b>: one of several files of a checkpoint; a {@link dev.lora4j.io.ShardIndex} maps
 *       each tensor to its shard.
 *   <li><b>atomic write</b>: a file or directory appears complete or not at all, {@link
 *       dev.lora4j.io.AtomicFile}, {@link dev.lora4j.io.AtomicDirectory}.
 *   <li><b>part file</b>: the bytes of an unfinished {@link dev.lora4j.io.download.Download}, from
 *       which it resumes.
 * </ul>
 *
 * <pre>{@code
 * try (TensorFile file = SafetensorsFile.open(path)) {
 *   Tensor weight = file.read("model.norm.weight", DType.F32);
 * }
 * int hidden = JsonDocument.read(directory.resolve("config.json")).size("hidden_size");
 * }</pre>
 *
 * <p>This package handles file formats and transfers; it does not depend on networks or adapters.
 */
@NullMarked
package dev.lora4j.io;

import org.jspecify.annotations.NullMarked;
