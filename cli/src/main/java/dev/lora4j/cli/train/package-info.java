/** What {@code lora train} and {@code lora eval} do: call the library and show the result. */
@NullMarked
package dev.lora4j.cli.train;

import org.jspecify.annotations.NullMarked;
