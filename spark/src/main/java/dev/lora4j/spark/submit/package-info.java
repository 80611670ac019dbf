/**
 * The program for {@code spark-submit}, which reads the options file of {@code lora train}. It
 * alone needs {@code lora4j-cli} on the class path.
 */
@NullMarked
package dev.lora4j.spark.submit;

import org.jspecify.annotations.NullMarked;
