package dev.lora4j.lora;

/** A scope in which a thread uses its own adapters; close it on the same thread. */
@FunctionalInterface
public interface AdapterScope extends AutoCloseable {

  @Override
  void close();
}
