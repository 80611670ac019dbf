/**
 * Decode kernels: single rows of floats in plain memory, for one token at a time, where calling an
 * operator on a tensor takes longer than the arithmetic.
 *
 * <pre>{@code
 * FusedLinear product = new FusedLinear(List.of(LinearWeights.of(weight, bias).orElseThrow()));
 * try (Row features = Row.of(1); Row y = Row.of(product.outputs())) {
 *   product.compute(new Lockstep(1), x, features, y);
 * }
 * }</pre>
 *
 * <p>A <i>row</i> is one token's vector. Large products go to BLAS; the threads of a team compute
 * one row together, in step at a {@link dev.lora4j.nn.runtime.TeamBarrier}. Layers describe
 * themselves by {@link dev.lora4j.nn.kernel.LinearWeights} and {@link
 * dev.lora4j.nn.kernel.RmsNormKernel} and use nothing else of this package. {@link
 * dev.lora4j.nn.runtime.CostModel} holds the measured thresholds of all kernels.
 */
@NullMarked
package dev.lora4j.nn.kernel;

import org.jspecify.annotations.NullMarked;
