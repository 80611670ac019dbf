/**
 * TorchScript files as modules: networks that were written and trained elsewhere, without their
 * source code.
 *
 * <p><i>Scripting</i> compiles a Python module to a program; <i>tracing</i> records the operators
 * of one forward. Either way {@code torch.jit.save} stores program, parameters and module tree in
 * one file. An <i>adaptable layer</i> is a submodule that {@link dev.lora4j.nn} also knows (linear,
 * convolution, embedding); its weight is a <i>slot</i>, which is filled before each forward with
 * {@code W + (alpha / r) B A}. A <i>replica</i> gives each thread slots of its own over the same
 * tensors.
 *
 * <pre>{@code
 * TorchScriptModel net = TorchScriptModel.load(Path.of("net.pt"));
 * LoraModel adapted = Lora.adapt(net, LoraConfig.rank(8).targets(Targets.named("fc1")));
 * adapted.merge();
 * net.save(Path.of("merged.pt"));
 * }</pre>
 *
 * <p>Code in this package reads, checks, runs or writes TorchScript files.
 */
@NullMarked
package dev.lora4j.torchscript;

import org.jspecify.annotations.NullMarked;
