/**
 * The prompt of {@code lora chat}.
 *
 * <p>The <i>input</i> is a terminal with line editing and history, or a pipe. Answers go to
 * standard output, everything else to standard error. A line that begins with a slash is a command.
 *
 * <pre>{@code
 * try (ChatInput input = new TerminalInput()) {
 *   new ChatLoop(input, new ChatOutput(false, true), model, conversation, options).run();
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.cli.chat;

import org.jspecify.annotations.NullMarked;
