/** Options that several commands share, and their former names. */
@NullMarked
package dev.lora4j.cli.options;

import org.jspecify.annotations.NullMarked;
