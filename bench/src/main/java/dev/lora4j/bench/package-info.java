/**
 * Benchmarks against the Python peers. Each benchmark runs lora4j and its peer as separate
 * processes in alternation on the same machine, and prints ratios, with the machine's own limit
 * beside them.
 *
 * <pre>
 * bench/run demo    the demo against plain PyTorch
 * bench/run layers  adapted layers and adapter operations against PEFT
 * bench/run model   training and generation against PEFT
 * bench/run tune    fine-tuning against TRL
 * bench/run script  TorchScript against Java
 * </pre>
 *
 * <p>The library does not depend on this package.
 */
@NullMarked
package dev.lora4j.bench;

import org.jspecify.annotations.NullMarked;
