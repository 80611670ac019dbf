/**
 * Merging the active deltas into the base weights, unmerging, and the receipt of what a merge
 * changed.
 */
@NullMarked
package dev.lora4j.lora.merge;

import org.jspecify.annotations.NullMarked;
