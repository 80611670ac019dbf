package dev.lora4j.cli.embed;

import java.io.IOException;

/** Takes embeddings in the order of the texts. */
public interface EmbeddingSink extends AutoCloseable {

  /** Writes the embedding of a row. */
  void write(TextRow row, float... embedding) throws IOException;

  /** Writes what is left; not called after a failure. */
  default void finish() throws IOException {}

  @Override
  default void close() throws IOException {}
}
