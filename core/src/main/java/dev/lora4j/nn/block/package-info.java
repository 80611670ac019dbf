/**
 * GGUF's block formats: a row of a quantised weight is a sequence of blocks, each with values of a
 * few bits and their scales. Plain arrays, without native memory.
 *
 * <ul>
 *   <li>{@link dev.lora4j.nn.block.BlockType}: the formats, their sizes, and dequantisation.
 *   <li>{@link dev.lora4j.nn.block.BlockQuantizer}: quantisation, for the formats that are written.
 * </ul>
 */
@NullMarked
package dev.lora4j.nn.block;

import org.jspecify.annotations.NullMarked;
