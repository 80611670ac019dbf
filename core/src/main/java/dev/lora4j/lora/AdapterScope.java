package dev.lora4j.lora;

/** A stretch of code in which the calling thread uses adapters of its own choice. */
@FunctionalInterface
public interface AdapterScope extends AutoCloseable {

  /** Ends the stretch. */
  @Override
  void close();
}
