/**
 * Frozen weights in fewer bytes than float32: half precision, 8 bits, NF4 and FP4, and GGUF blocks.
 *
 * <ul>
 *   <li>{@link dev.lora4j.nn.quant.CompactWeights}: what they have in common. A product dequantises
 *       a tile of some rows, multiplies by it, and goes on to the next: the whole weight is never
 *       in float32.
 *   <li>{@link dev.lora4j.nn.quant.Int8Weights} and {@link dev.lora4j.nn.quant.FourBitWeights} hold
 *       the tensors of a bitsandbytes checkpoint, {@link dev.lora4j.nn.quant.BlockWeights} those of
 *       a GGUF file, {@link dev.lora4j.nn.quant.HalfWeights} any half-precision tensor: perhaps
 *       mapped from the file.
 * </ul>
 *
 * <pre>{@code
 * FourBitWeights store = FourBitWeights.quantize(weight, FourBitType.NF4, 64, true);
 * Linear layer = Linear.sharing(store, Optional.empty());
 * }</pre>
 */
@NullMarked
package dev.lora4j.nn.quant;

import org.jspecify.annotations.NullMarked;
