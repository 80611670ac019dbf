/**
 * Merging and unmerging.
 *
 * <ul>
 *   <li><b>merge</b>: add the active deltas to the base's weights, so that the forward has no extra
 *       cost. <b>Unmerge</b>: restore the weights.
 *   <li><b>journal</b>: the record of a merge, from which it is undone, {@link MergeJournal}.
 *   <li><b>receipt</b>: the change of outputs by a merge, measured on samples, {@link
 *       MergeReceipt}; beyond its {@link MergeLimits} the merge is undone.
 * </ul>
 *
 * <pre>{@code
 * model.merge(Unmerging.BY_SUBTRACTION);
 * model.unmerge();
 * MergeReceipt receipt = model.merge(samples, MergeLimits.largest(1e-3));
 * }</pre>
 */
@NullMarked
package dev.lora4j.lora.merge;

import org.jspecify.annotations.NullMarked;
