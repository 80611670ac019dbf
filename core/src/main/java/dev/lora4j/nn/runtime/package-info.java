/**
 * The runtime of the kernels: native libraries, threads, and the values bound to a thread.
 *
 * <ul>
 *   <li><b>engine</b>: the native libraries and their process-wide settings, {@link Engine}.
 *   <li><b>context variable</b>: a value bound to a thread, which worker threads may inherit,
 *       {@link ContextVar}.
 *   <li><b>thread team</b>: threads that compute one token together, in the same steps, {@link
 *       ThreadTeam} and its {@link TeamBarrier}.
 *   <li><b>cost model</b>: the measured thresholds of all kernels, {@link CostModel}.
 * </ul>
 *
 * <pre>{@code
 * Engine.seed(42);
 * Device device = Devices.named("cuda:0");
 * ParallelLoop.forEach(files, file -> digests.put(file, digest(file))); // one thread per core
 * ThreadTeam.parallel((part, barrier) -> barrier.share(rows, 1, kernel::compute));
 * }</pre>
 */
@NullMarked
package dev.lora4j.nn.runtime;

import org.jspecify.annotations.NullMarked;
