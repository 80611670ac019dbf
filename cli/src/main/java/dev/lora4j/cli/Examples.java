package dev.lora4j.cli;

import dev.lora4j.data.Dataset;
import java.util.List;

/**
 * Examples to learn from and to be examined on. Closing it frees both.
 *
 * @param train to learn from
 * @param test to be examined on
 * @param goal what is asked of them
 * @param warnings what the user should know of the data, a sentence each
 * @param owner what is closed
 */
record Examples(Dataset train, Dataset test, Goal goal, List<String> warnings, Runnable owner)
    implements AutoCloseable {

  @Override
  public void close() {
    owner.run();
  }
}
