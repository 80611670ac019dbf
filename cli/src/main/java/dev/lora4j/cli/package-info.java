/**
 * The {@code lora} command, a thin layer over the library: parse, call, show. Each command is one
 * class; work beyond parsing and showing belongs in the library.
 */
@NullMarked
package dev.lora4j.cli;

import org.jspecify.annotations.NullMarked;
