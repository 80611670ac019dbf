/**
 * Combining several adapters into one, with PEFT's combination types.
 *
 * <ul>
 *   <li><b>combination</b>: the type with its settings, such as {@code ties} with a density, {@link
 *       Combination}.
 *   <li><b>pruning</b>: values set to zero before combining, {@link Pruning}.
 *   <li><b>majority sign</b>: the sign that values must have to count, {@link MajoritySign}.
 *   <li><b>rule</b>: how the deltas of one layer become one, {@link CombineRule}.
 * </ul>
 *
 * <pre>{@code
 * model.combine("both", Map.of("french", 0.7, "formal", 0.3), Combination.cat());
 * model.combine("small", weights, Combination.ties(0.5).bySvd(8));
 * }</pre>
 */
@NullMarked
package dev.lora4j.lora.combine;

import org.jspecify.annotations.NullMarked;
