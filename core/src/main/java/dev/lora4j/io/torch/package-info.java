/**
 * Reading of {@code torch.save} files: a zip archive with an entry for each storage, and a pickle
 * that describes which tensor is where.
 *
 * <ul>
 *   <li><b>storage</b>: a flat array of elements; a <b>strided tensor</b> is a view of one.
 *   <li><b>pickle</b>: a program for a stack machine. Only the opcodes and names that describe
 *       tensors are known here; every other name is refused, and no code of a file is ever run.
 * </ul>
 *
 * <pre>{@code
 * try (TorchFile file = TorchFile.open(Path.of("pytorch_model.bin"))) {
 *   Tensor weight = file.read("lm_head.weight");
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.io.torch;

import org.jspecify.annotations.NullMarked;
