/**
 * Operators and kernels. Layers call {@link Ops}, which chooses the kernel.
 *
 * <ul>
 *   <li><b>autograd context</b>: one forward and backward pass, in which layers replace libtorch's
 *       derivatives, {@link AutogradContext}.
 *   <li><b>decode kernel</b>: a kernel on one token's vector in plain memory ({@link FloatVector}),
 *       where calling an operator on a tensor takes longer than the arithmetic. Layers describe
 *       themselves to decoding by {@link LinearWeights} and {@link RmsNormKernel}.
 * </ul>
 *
 * <pre>{@code
 * Tensor y = Ops.linear(x, weight, bias);
 *
 * FusedLinear product = new FusedLinear(List.of(LinearWeights.of(weight, bias).orElseThrow()));
 * FloatVector y = FloatVector.of(product.outputs());
 * product.compute(new TeamBarrier(1), FloatVector.over(x), features, y);
 * }</pre>
 */
@NullMarked
package dev.lora4j.nn.kernel;

import org.jspecify.annotations.NullMarked;
