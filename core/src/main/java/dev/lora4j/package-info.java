/**
 * What every room shares: the two kinds of error that are not bugs ({@link dev.lora4j.UserError},
 * {@link dev.lora4j.CorruptFile}) and the hint that goes into them. What enters here must be needed
 * by at least three packages and depend on none.
 */
@NullMarked
package dev.lora4j;

import org.jspecify.annotations.NullMarked;
