package dev.lora4j.cli.train;

import dev.lora4j.data.Dataset;
import java.util.List;

/**
 * Training and test examples. Closing frees both.
 *
 * @param train training examples
 * @param test test examples
 * @param task the task
 * @param warnings warnings about the data, a sentence each
 * @param owner frees the examples
 */
public record Examples(
    Dataset train, Dataset test, Task task, List<String> warnings, Runnable owner)
    implements AutoCloseable {

  @Override
  public void close() {
    owner.run();
  }
}
