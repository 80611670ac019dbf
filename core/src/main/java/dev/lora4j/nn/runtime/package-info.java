/**
 * The runtime of the kernels: the thread team and its barrier, the execution context of a thread,
 * the settings of the process, devices, and the cost model with every measured threshold.
 */
@NullMarked
package dev.lora4j.nn.runtime;

import org.jspecify.annotations.NullMarked;
