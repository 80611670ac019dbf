/**
 * The {@code lora} command, a thin skin over the library: parse, call, show. A command is one class
 * here; what it does beyond showing belongs into core or models.
 */
@NullMarked
package dev.lora4j.cli;

import org.jspecify.annotations.NullMarked;
