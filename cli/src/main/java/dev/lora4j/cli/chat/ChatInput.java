package dev.lora4j.cli.chat;

import java.util.Optional;

/** The source of the lines of a chat. */
public interface ChatInput extends AutoCloseable {
  /** Returns the next line, or nothing at the end of the input. */
  Optional<String> readLine();

  /**
   * Runs a task that Ctrl-C interrupts where a terminal allows it.
   *
   * @param onInterrupt called on Ctrl-C, on another thread
   */
  void run(Runnable task, Runnable onInterrupt);

  /** Returns true if a person is typing. */
  boolean interactive();

  @Override
  void close();
}
