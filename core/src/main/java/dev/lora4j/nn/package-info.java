/**
 * Networks as trees of modules, with PyTorch's names, defaults and initialisation, so that a state
 * dict gives the same outputs in both.
 *
 * <pre>{@code
 * Module net = new Sequential(new Linear(784, 128), Activation.relu(), new Linear(128, 10));
 * net.loadStateDict(weights);
 * net.replace("0", adapted);
 * Tensor logits = net.forward(images); // [batch, 10]
 * }</pre>
 *
 * <ul>
 *   <li>A {@link dev.lora4j.nn.Module} has named parameters, named children and a forward. Its
 *       <i>path</i> is the names from the root down, joined by dots. Import it by name, since
 *       {@code java.lang} has a {@code Module} too.
 *   <li>A <i>slot</i> ({@link dev.lora4j.nn.Slot}) holds a child that can be replaced.
 *   <li>A {@link dev.lora4j.nn.Parameter} is a trainable or frozen tensor; a {@link
 *       dev.lora4j.nn.WeightStore} is a layer's weight however it is stored, dense or quantised.
 *   <li>{@link dev.lora4j.nn.kernel.Ops} are the operators that layers are written in. They choose
 *       the kernel; a layer never does.
 *   <li>The <i>autograd context</i> ({@link dev.lora4j.nn.kernel.AutogradContext}) of a forward and
 *       backward pass lets a layer replace libtorch's derivative.
 *   <li>Everything that is bound to a thread is a {@link dev.lora4j.nn.runtime.ContextVar}, and
 *       {@link dev.lora4j.nn.runtime.Engine} lists the settings of the whole process.
 * </ul>
 *
 * <p>Nothing here depends on adapters or training.
 */
@NullMarked
package dev.lora4j.nn;

import org.jspecify.annotations.NullMarked;
