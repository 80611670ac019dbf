/**
 * What a run tells while it goes is written down here: a line of JSON for each step and each
 * evaluation, and the same as TensorBoard's event files. A run that goes on after an interruption
 * goes on with its files, less what it takes again. What enters is another way of keeping these
 * numbers.
 */
@NullMarked
package dev.lora4j.models.metrics;

import org.jspecify.annotations.NullMarked;
