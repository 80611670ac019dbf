/**
 * Adapted layers and their deltas.
 *
 * <ul>
 *   <li><b>adapted layer</b>: a frozen layer whose output is {@code y = W x + b} plus each active
 *       delta, {@link LoraLayer}.
 *   <li><b>delta</b>: one adapter's change of one layer, {@code ΔW x}, {@link LoraDelta}. LoRA's is
 *       {@code scaling · B A}, {@link FactoredDelta}; DoRA rescales the output, {@link DoraDelta}.
 *   <li><b>mixed batch</b>: rows with different adapters, computed together, {@link
 *       MixedBatchDelta}.
 *   <li><b>auxiliary module</b>: parameters of an adapter outside of its layers' deltas.
 * </ul>
 *
 * <pre>{@code
 * LoraLayer layer = LoraLayer.over(linear, active);
 * layer.list("default", new LinearDelta(linear, options));
 * Tensor y = layer.forward(x); // W x + b + (alpha / r) B A x
 * }</pre>
 */
@NullMarked
package dev.lora4j.lora.layer;

import org.jspecify.annotations.NullMarked;
