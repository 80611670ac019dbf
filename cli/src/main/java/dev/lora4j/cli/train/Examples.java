package dev.lora4j.cli.train;

import dev.lora4j.data.Dataset;
import java.util.List;

/**
 * Training and test examples, with their task and warnings about the data.
 *
 * @param owner frees the examples when they are closed
 */
public record Examples(
    Dataset train, Dataset test, Task task, List<String> warnings, Runnable owner)
    implements AutoCloseable {

  @Override
  public void close() {
    owner.run();
  }
}
