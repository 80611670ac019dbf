/**
 * Arithmetic by the JDK's Vector API. The classes are compiled and loaded apart from all others,
 * because the API is in an incubating module, {@code jdk.incubator.vector}, which a JVM has only
 * with {@code --add-modules}. Nothing refers to them; {@link dev.lora4j.nn.block.VectorArithmetic}
 * finds them.
 */
@NullMarked
package dev.lora4j.nn.vector;

import org.jspecify.annotations.NullMarked;
