package dev.lora4j.cli.options;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The range of a numeric option, which {@link OptionRanges} checks before the command runs.
 * Infinity and NaN are never in range.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface Range {
  /** Maximum number of steps or tokens: the largest int, which also stands for "never". */
  double MANY = Integer.MAX_VALUE;

  /** Maximum batch size and number of epochs. */
  double MILLION = 1e6;

  /** Maximum LoRA rank. */
  double RANK = 65_536;

  /** Maximum number of worker threads. */
  double WORKERS = 1024;

  /** The minimum. */
  double from() default Double.NEGATIVE_INFINITY;

  /** An exclusive lower bound. */
  double above() default Double.NEGATIVE_INFINITY;

  /** The maximum. */
  double to() default Double.POSITIVE_INFINITY;

  /** An exclusive upper bound. */
  double below() default Double.POSITIVE_INFINITY;
}
