/** Comparison of training runs: their settings, losses, speed and size. */
@NullMarked
package dev.lora4j.cli.runs;

import org.jspecify.annotations.NullMarked;
