/** The prompt of {@code lora chat}, in a terminal or from a pipe. */
@NullMarked
package dev.lora4j.cli.chat;

import org.jspecify.annotations.NullMarked;
