/**
 * Single rows of floats in plain memory, as one token after another is written: calling an operator
 * on a tensor takes longer there than the arithmetic. What enters works on rows and on matrices
 * where they lie, and knows neither modules nor models. Large products go to BLAS; threads that
 * compute one row together walk in {@link dev.lora4j.row.Lockstep}.
 */
@NullMarked
package dev.lora4j.row;

import org.jspecify.annotations.NullMarked;
